"""How much memory a process takes that it cannot give back: without the pages of the files that it has mapped."""

WATCH = """
import threading, time

highest = 0

def anonymous():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("RssAnon"))

def watch():
    global highest
    while True:
        highest = max(highest, anonymous())
        time.sleep(0.005)

def peak():
    return max(highest, anonymous())

threading.Thread(target=watch, daemon=True).start()
"""
"""The beginning of a program: `peak()` is then the most bytes that it had so far."""
