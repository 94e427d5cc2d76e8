#!/usr/bin/python3
"""One fetch after another: requests, one session."""

import requests

from job import finish, read_job, work


def main():
    job = read_job()
    lengths = []
    with requests.Session() as session:
        for url in job.list:
            response = session.get(url)
            response.raise_for_status()
            work(response.content, job.cpu_work)
            lengths.append(len(response.content))
    finish(lengths, job)


if __name__ == "__main__":
    main()
