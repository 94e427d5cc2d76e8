#!/usr/bin/python3
"""A pool of processes: multiprocessing.Pool, a session in each."""

import functools
import multiprocessing

import requests

from job import finish, read_job, work

session = None


def begin():
    """Runs once in each process, after fork: connections are not shared."""
    global session
    session = requests.Session()


def fetch(url, cpu_work):
    response = session.get(url)
    response.raise_for_status()
    work(response.content, cpu_work)
    return len(response.content)


def main():
    job = read_job()
    with multiprocessing.Pool(job.concurrency, begin) as pool:
        one = functools.partial(fetch, cpu_work=job.cpu_work)
        finish(pool.map(one, job.list, chunksize=1), job)
        pool.close()
        pool.join()


if __name__ == "__main__":
    main()
