#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_moons.py INTERVAL BEGIN END

A das1 reader: it writes numbers and nothing else. How far Io and Europa stand
from Jupiter, seen from far above their orbits and computed as circles: x of
Io, y of Io, x of Europa, y of Europa, in radii of Jupiter, INTERVAL seconds
apart.

    das2_ex_moons.py 3600 2021-01-01 2021-01-03 | od -A d -t f4 --endian=big

A record is four-byte reals, most significant byte first; the first of them
counts seconds from BEGIN. What they mean stands in the definition of the source,
out of which das2_from_das1 makes the headers. New readers should write das2
streams: this is how old ones look.
"""
import sys
from math import cos, pi, sin
from struct import pack

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import SECOND, parse_time

MOONS = ((5.91, 152853.5), (9.40, 306822.0))  # distance, seconds of a turn


def main(args):
    if len(args) < 3:
        sys.exit('Usage: das2_ex_moons.py INTERVAL BEGIN END')
    interval = float(args[0])
    begin, end = parse_time(args[1]), parse_time(args[2])
    if not interval > 0:
        sys.exit('das2_ex_moons.py: the interval must be above zero')
    out = sys.stdout.buffer
    number = 0
    while begin + number * interval * SECOND < end:
        after = number * interval
        now = begin / SECOND + after
        record = [after]
        for distance, turn in MOONS:
            angle = 2 * pi * (now % turn) / turn
            record += [distance * cos(angle), distance * sin(angle)]
        out.write(pack('>5f', *record))
        number += 1
    out.flush()


try:
    main(sys.argv[1:])
except BrokenPipeError:
    sys.stderr.close()  # the client has gone: nobody to tell
