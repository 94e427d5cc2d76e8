#!/usr/bin/python3
"""A pool of threads: multiprocessing.pool.ThreadPool, a session in each."""

import functools
import multiprocessing.pool
import threading

import requests

from job import finish, read_job, work

own = threading.local()


def begin():
    own.session = requests.Session()


def fetch(url, cpu_work):
    response = own.session.get(url)
    response.raise_for_status()
    work(response.content, cpu_work)
    return len(response.content)


def main():
    job = read_job()
    with multiprocessing.pool.ThreadPool(job.concurrency, begin) as pool:
        one = functools.partial(fetch, cpu_work=job.cpu_work)
        finish(pool.map(one, job.list, chunksize=1), job)


if __name__ == "__main__":
    main()
