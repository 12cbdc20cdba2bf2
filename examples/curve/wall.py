"""Draws the wall of a curve: the debt that becomes liquidatable on the way to each price.

python examples/curve/wall.py CURVE.csv
"""

import csv
import sys

WIDTH = 50

with open(sys.argv[1], encoding="utf-8", newline="") as file:
    rows = [(int(row["shock"]), int(row["wall"])) for row in csv.DictReader(file)]
most = max(1, *(wall for _, wall in rows))
print("fall   debt that becomes liquidatable")
for shock, wall in rows:
    # Shocks are in WAD, 1e18 = 100 %; what is not 0 gets at least one sign.
    print(f"{shock // 10**16:3d} %  {'#' * -(-wall * WIDTH // most)}".rstrip())
