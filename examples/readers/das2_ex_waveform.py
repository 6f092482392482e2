#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_waveform.py BEGIN END

A wave electric field as a plasma wave receiver would record it: hiss, the hum
of the spacecraft's power system, and whistlers, the falling tones that
lightning leaves in space. Computed, 8,192 samples a second without gaps; the
same samples whatever range is asked.

    das2_ex_waveform.py 2021-03-20T12:00:00 2021-03-20T12:00:30

A record holds 1,024 samples (1/8 s). Its yscan has tags in seconds, the time
of each sample after the record's own time, and the renderer property says
"waveform": so 4 bytes a sample are enough, and clients unroll the records into
one line.
"""
import sys
from array import array
from math import exp, pi, sin
from random import Random

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import (REAL4, SECOND, Stream, first_multiple, format_time, time_range)

RATE = 8192       # samples a second
ITEMS = 1024      # samples a record
STEP = SECOND * ITEMS // RATE
RECORDS = RATE // ITEMS   # records a second
SCENES = 32       # different seconds; each second of time shows one of them

STREAM = '''<stream version="2.2">
  <properties String:title="Wave Electric Field (computed)%{xCacheResInfo}"
              String:renderer="waveform" String:xLabel="SCET (UTC)"
              Datum:xTagWidth="0.25 s"/>
</stream>
'''
# das2 clients take the vertical axis of a waveform from yLabel.
PACKET = '''<packet>
  <x type="time24" units="t2000"></x>
  <yscan name="Ew" type="%s" nitems="%d" yUnits="s" yTagInterval="%r" zUnits="mV/m">
    <properties String:yLabel="E!dw!n (mV m!a-1!n)" String:yScaleType="linear"
                String:zLabel="E!dw!n (mV m!a-1!n)" double:zFill="-1.0e+31"/>
  </yscan>
</packet>
''' % (REAL4, ITEMS, 1 / RATE)


def scene(number):
    """One second of waveform, in mV/m, as the bytes of its records."""
    chance = Random(number)
    samples = [0.02 * (chance.random() + chance.random() + chance.random() - 1.5)
               + 0.004 * sin(2 * pi * 100 * i / RATE) for i in range(RATE)]
    for _ in range((0, 1, 0, 2, 1, 0, 3, 0)[number % 8]):
        whistler(samples, chance)
    data = array('f', samples).tobytes()
    return [data[i:i + 4 * ITEMS] for i in range(0, len(data), 4 * ITEMS)]


def whistler(samples, chance):
    """Adds one whistler: a wave of frequency f arrives D/sqrt(f) after the flash."""
    flash = 0.1 * chance.random() - 0.05
    dispersion = 8 + 5 * chance.random()
    strength = 0.05 + 0.25 * chance.random()
    first, last = dispersion / 3600 ** 0.5, min(dispersion / 220 ** 0.5, 0.95 - flash)
    for i in range(max(0, int((flash + first) * RATE)), int((flash + last) * RATE)):
        t = i / RATE - flash
        rise = max(0.0, (t - first) / (last - first))
        envelope = sin(pi * rise ** 0.5) * exp(-1.5 * rise)
        samples[i] += strength * envelope * sin(-2 * pi * dispersion ** 2 / t)


def scene_of(second):
    """Which scene a second of time shows: scattered, but always the same."""
    return (second * 2654435761 % 4294967296) * SCENES // 4294967296


def main(args):
    if len(args) < 2:
        sys.exit('Usage: das2_ex_waveform.py BEGIN END')
    out = Stream()
    out.header(0, STREAM)
    out.header(1, PACKET)
    begin, end = time_range(out, args[0], args[1])

    first, stop = first_multiple(begin, STEP), first_multiple(end, STEP)
    if first >= stop:
        out.refuse('NoDataInInterval', 'Records lie 1/8 s apart and none begins in this range')
    scenes = {}
    stamp = None
    for number in range(first, stop):
        second, part = divmod(number, RECORDS)
        if stamp is None or part == 0:
            stamp = format_time(second * SECOND, 0).encode()
            which = scene_of(second)
            if which not in scenes:
                scenes[which] = scene(which)
        out.record(b':01:%s.%03d %s' % (stamp, part * STEP // 1000000, scenes[which][part]))
    out.close()


main(sys.argv[1:])
