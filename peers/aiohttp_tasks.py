#!/usr/bin/python3
"""One thread, one event loop: aiohttp, as many tasks as may fetch at one time."""

import asyncio

import aiohttp

from job import finish, read_job, work


async def fetch_all(session, urls, job, lengths):
    """One task: takes the next URL of the iterator that all tasks share."""
    for url in urls:
        async with session.get(url) as response:
            response.raise_for_status()
            body = await response.read()
        work(body, job.cpu_work)
        lengths.append(len(body))


async def run(job):
    lengths, urls = [], iter(job.list)
    connector = aiohttp.TCPConnector(limit=job.concurrency)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        tasks = (fetch_all(session, urls, job, lengths) for _ in range(job.concurrency))
        await asyncio.gather(*tasks)
    return lengths


def main():
    job = read_job()
    finish(asyncio.run(run(job)), job)


if __name__ == "__main__":
    main()
