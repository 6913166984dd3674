"""M/M/1 on SimPy: customers come at rate 0.8, are served at rate 1, and the mean waiting time is kept.

    python mm1.py <customers>

prints a line of JSON. A customer is a process that requests a resource, as in SimPy's own bank example.
"""

import json
import random
import sys
import time

import simpy

ARRIVALS, SERVICES = 0.8, 1.0


class Bank:
    def __init__(self, customers):
        self.env = simpy.Environment()
        self.teller = simpy.Resource(self.env, capacity=1)
        self.random = random.Random(42)
        self.customers = customers
        self.served = 0
        self.waited = 0.0
        self.env.process(self.arrivals())

    def arrivals(self):
        for _ in range(self.customers):
            yield self.env.timeout(self.random.expovariate(ARRIVALS))
            self.env.process(self.customer())

    def customer(self):
        arrived = self.env.now
        with self.teller.request() as request:
            yield request
            self.waited += self.env.now - arrived
            yield self.env.timeout(self.random.expovariate(SERVICES))
        self.served += 1


def main():
    bank = Bank(int(sys.argv[1]))
    begin = time.perf_counter()
    bank.env.run()
    seconds = time.perf_counter() - begin
    mean_wait = bank.waited / bank.served
    print(json.dumps({"events": bank.served, "seconds": seconds, "mean_wait": mean_wait}))


if __name__ == "__main__":
    main()
