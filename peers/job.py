"""What the Python peers share: options, the list, and the work on a response."""

import argparse
import sys


def read_job():
    """The options, and the URLs of the list, one a line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--urls", required=True, help="a file, one URL a line")
    parser.add_argument("--concurrency", type=int, default=1, help="at one time")
    parser.add_argument("--cpu-work", type=int, default=0, help="loops over each body")
    job = parser.parse_args()
    with open(job.urls, encoding="utf-8") as lines:
        job.list = [line.strip() for line in lines]
    return job


def work(body, loops):
    """Computes in the interpreter, as a program that parses what it fetched does."""
    total = 0
    for _ in range(loops):
        for byte in body:
            total = (total * 31 + byte) & 0xFFFFFFFF
    return total


def finish(lengths, job):
    """Ends the program: every URL gave a body, or it failed."""
    done = sum(1 for length in lengths if length is not None)
    if done != len(job.list):
        sys.exit(f"{done} of {len(job.list)} URLs fetched")
