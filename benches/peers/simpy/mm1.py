"""M/M/1 on SimPy: customers come at rate 0.8 and are served at rate 1.

    python mm1.py <customers> [bare]

prints a line of JSON. A customer is a process that requests a resource, as in SimPy's own bank example. SimPy comes without monitors,
so this keeps by hand what causeflow's station keeps by itself: the length of the queue and the number of busy servers over
time, and the moments of waiting time, service time and time in system. `bare` keeps the mean waiting time only.
"""

import json
import random
import sys
import time

import simpy

ARRIVALS, SERVICES = 0.8, 1.0


class Level:
    """A level over time: its integral, least and greatest value."""

    __slots__ = ("level", "since", "integral", "least", "most")

    def __init__(self):
        self.level, self.since, self.integral, self.least, self.most = 0, 0.0, 0.0, 0, 0

    def add(self, now, change):
        self.integral += self.level * (now - self.since)
        self.since = now
        level = self.level = self.level + change
        if level > self.most:
            self.most = level
        elif level < self.least:
            self.least = level


class Tally:
    """Values by their count, sum, sum of squares, least and greatest."""

    __slots__ = ("count", "sum", "squares", "least", "most")

    def __init__(self):
        self.count, self.sum, self.squares, self.least, self.most = 0, 0.0, 0.0, float("inf"), float("-inf")

    def record(self, value):
        self.count += 1
        self.sum += value
        self.squares += value * value
        if value < self.least:
            self.least = value
        if value > self.most:
            self.most = value


class Bank:
    def __init__(self, customers, customer):
        self.env = simpy.Environment()
        self.teller = simpy.Resource(self.env, capacity=1)
        self.random = random.Random(42)
        self.customers = customers
        self.waited = Tally()
        self.served = Tally()
        self.in_system = Tally()
        self.queue = Level()
        self.busy = Level()
        self.env.process(self.arrivals(customer))

    def arrivals(self, customer):
        for _ in range(self.customers):
            yield self.env.timeout(self.random.expovariate(ARRIVALS))
            self.env.process(customer(self))

    def bare_customer(self):
        arrived = self.env.now
        with self.teller.request() as request:
            yield request
            self.waited.sum += self.env.now - arrived
            self.waited.count += 1
            yield self.env.timeout(self.random.expovariate(SERVICES))

    def customer(self):
        env = self.env
        arrived = env.now
        self.queue.add(arrived, 1)
        with self.teller.request() as request:
            yield request
            started = env.now
            self.queue.add(started, -1)
            self.busy.add(started, 1)
            yield env.timeout(self.random.expovariate(SERVICES))
        now = env.now
        self.busy.add(now, -1)
        self.waited.record(started - arrived)
        self.served.record(now - started)
        self.in_system.record(now - arrived)


def main():
    is_bare = sys.argv[2:] == ["bare"]
    bank = Bank(int(sys.argv[1]), Bank.bare_customer if is_bare else Bank.customer)
    begin = time.perf_counter()
    bank.env.run()
    seconds = time.perf_counter() - begin
    mean_wait = bank.waited.sum / bank.waited.count
    print(json.dumps({"events": bank.waited.count, "seconds": seconds, "mean_wait": mean_wait}))


if __name__ == "__main__":
    main()
