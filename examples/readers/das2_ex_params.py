#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_params.py BEGIN END [WORD ...]

A magnetometer, one vector every 4 seconds (computed; the same values whatever
range is asked): the pattern of readers that take params. The words are

    Bx By Bz    the components wanted, all three when none is named
    mag         the magnitude; alone, nothing but the magnitude
    unit=nT     nanotesla, as without it; unit=G gives gauss
    no-noise    without the noise of the instrument

and any other word is refused: a client that misspells one is better told so
than given the wrong data.

    das2_ex_params.py 2021-03-20 2021-03-21 Bz mag unit=G

The server hands over the client's params split at blanks, each an argument of
its own, and never read by a shell. What they may mean is the reader's affair.
"""
import sys
from array import array
from math import pi, sin, sqrt

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import REAL4, REAL8, SECOND, Stream, first_multiple, time_range

STEP = 4 * SECOND
COMPONENTS = ('Bx', 'By', 'Bz')
UNITS = {'unit=nT': ('nT', 1.0), 'unit=G': ('G', 1e-5)}

STREAM = '''<stream version="2.2">
  <properties String:title="Magnetic Field (computed)%{xCacheResInfo}"
              String:xLabel="SCET (UTC)" Datum:xTagWidth="8 s"/>
</stream>
'''
PLANE = '''  <y name="%s" type="%s" units="%s">
    <properties String:yLabel="%s (%s)" double:yFill="-1.0e+31"/>
  </y>
'''


def options(out, words):
    """What the words ask for: planes, unit name, factor, noise."""
    planes, unit, noise = [], 'unit=nT', True
    for word in words:
        if word in COMPONENTS or word == 'mag':
            planes.append(word)
        elif word in UNITS:
            unit = word
        elif word == 'no-noise':
            noise = False
        else:
            out.header(0, STREAM)
            out.refuse('IllegalArgument',
                       'Unknown parameter "%s"; there are Bx, By, Bz, mag, unit=nT, unit=G '
                       'and no-noise' % word[:40])
    # In a fixed order, each once, however the words came.
    planes = [p for p in COMPONENTS + ('mag',) if p in planes] or list(COMPONENTS)
    return planes, UNITS[unit][0], UNITS[unit][1], noise


def packet(planes, unit):
    """The packet header for the planes asked for."""
    label = {'mag': '|B|'}
    return ('<packet>\n  <x type="%s" units="us2000"></x>\n' % REAL8
            + ''.join(PLANE % (p, REAL4, unit, label.get(p, 'B!d%s!n' % p[1:]), unit)
                      for p in planes)
            + '</packet>\n')


def wave(t, period, phase=0.0):
    """A sine of a period in seconds."""
    return sin(2 * pi * (t / period + phase))


def scattered(number):
    """-1 to 1, different for each number, always the same for one number."""
    number = (number ^ (number >> 15)) * 2246822519 % 4294967296
    number = (number ^ (number >> 13)) * 3266489917 % 4294967296
    return (number ^ (number >> 16)) / 2147483648 - 1


def field(number, noise):
    """Bx, By, Bz in nT of record `number`."""
    t = number * STEP / SECOND
    sector = 1 if wave(t, 13.6 * 86400) > 0 else -1       # towards or away from the Sun
    swell = 1 + 0.2 * wave(t, 71000) + 0.1 * wave(t, 8300, 0.3)
    vector = (3.5 * sector * swell + 0.8 * wave(t, 1900),
              -3.5 * sector * swell + 0.8 * wave(t, 2300, 0.2),
              1.5 * wave(t, 17000) + 0.6 * wave(t, 640, 0.5))
    if noise:
        vector = tuple(b + 0.3 * scattered(3 * number + i) for i, b in enumerate(vector))
    return vector


def main(args):
    if len(args) < 2:
        sys.exit('Usage: das2_ex_params.py BEGIN END [WORD ...]')
    out = Stream()
    planes, unit, factor, noise = options(out, ' '.join(args[2:]).split())
    out.header(0, STREAM)
    out.header(1, packet(planes, unit))
    begin, end = time_range(out, args[0], args[1])

    first, stop = first_multiple(begin, STEP), first_multiple(end, STEP)
    if first >= stop:
        out.refuse('NoDataInInterval', 'Vectors lie 4 s apart and none lies in this range')
    for number in range(first, stop):
        b = field(number, noise)
        known = dict(zip(COMPONENTS, b), mag=sqrt(sum(v * v for v in b)))
        out.record(b':01:' + array('d', [number * STEP / 1000]).tobytes()
                   + array('f', [factor * known[p] for p in planes]).tobytes())
    out.close()


main(sys.argv[1:])
