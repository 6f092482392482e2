#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_spectra.py BEGIN END

Survey spectra of a wave receiver on a satellite that circles the Earth in
eight hours: 64 channels, 10 Hz to 87 kHz, one spectrum every 5 seconds, 4.6 MB
a day. Computed; the same spectra whatever range is asked.

    das2_ex_spectra.py 2021-03-20 2021-03-21

To be seen: a background falling with frequency, the line at the plasma
frequency rising and sinking with each orbit, chorus on the day side, auroral
kilometric radiation at the top, and now and then a solar type III burst that
drifts down from high frequencies within minutes.
"""
import sys
from array import array
from math import cos, exp, log10, pi, sin
from operator import mul
from random import Random

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import REAL4, REAL8, SECOND, Stream, first_multiple, time_range

STEP = 5 * SECOND
CHANNELS = 64
PER_DECADE = 16
ORBIT = 8 * 3600.0   # seconds
FREQUENCIES = [10 * 10 ** (i / PER_DECADE) for i in range(CHANNELS)]

STREAM = '''<stream version="2.2">
  <properties String:title="Electric Field Survey Spectra (computed)%{xCacheResInfo}"
              String:renderer="spectrogram" String:xLabel="SCET (UTC)" Datum:xTagWidth="10 s"/>
</stream>
'''
PACKET = '''<packet>
  <x type="%s" units="us2000"></x>
  <yscan name="Ew_psd" type="%s" nitems="%d" yUnits="Hz" zUnits="V**2 m**-2 Hz**-1"
         yTags="%s">
    <properties String:yLabel="Frequency (Hz)" String:yScaleType="log"
                String:zLabel="Electric Spectral Density (V!a2!n m!a-2!n Hz!a-1!n)"
                String:zScaleType="log" double:zFill="-1.0e+31"/>
  </yscan>
</packet>
''' % (REAL8, REAL4, CHANNELS, ','.join('%.6g' % f for f in FREQUENCIES))


def channel(frequency):
    """The channel, with fraction, in which a frequency lies."""
    return PER_DECADE * log10(frequency / 10)


def tables():
    """Background spectrum, and rows of receiver noise to multiply it with."""
    chance = Random(2000)
    background = [3e-10 / (f / 10) ** 1.8 + 4e-16 for f in FREQUENCIES]
    noise = [[10 ** (0.12 * (chance.random() + chance.random() - 1)) for _ in FREQUENCIES]
             for _ in range(256)]
    return background, noise


def scattered(number):
    """0 to 1, different for each number, always the same for one number."""
    number = (number ^ (number >> 15)) * 2246822519 % 4294967296
    number = (number ^ (number >> 13)) * 3266489917 % 4294967296
    return (number ^ (number >> 16)) / 4294967296


def add_peak(spectrum, frequency, width, strength):
    """Adds an emission of a width given in channels (a Gaussian)."""
    centre = channel(frequency)
    reach = 3 * width
    for i in range(max(0, int(centre - reach)), min(CHANNELS, int(centre + reach) + 1)):
        spectrum[i] += strength * exp(-((i - centre) / width) ** 2)


def spectrum(t, number, background, noise):
    """The spectrum of record `number`, t seconds after 2000-01-01."""
    values = background[:]
    orbit, phase = divmod(t / ORBIT, 1.0)
    orbit = int(orbit)
    height = 0.5 - 0.5 * cos(2 * pi * phase)   # 0 at perigee, 1 at apogee

    # Plasma frequency: dense near the Earth, thin far out.
    ripple = scattered(int(t // 60)) * (1 - t % 60 / 60) + scattered(int(t // 60) + 1) * (t % 60 / 60)
    plasma = 70e3 * 10 ** (-1.1 * height) * (0.9 + 0.2 * ripple)
    add_peak(values, plasma, 0.9, 2e-12)

    # Chorus on the way out, some orbits stronger than others, in elements.
    if 0.2 < phase < 0.45:
        strength = scattered(orbit * 7 + 1) * (0.3 + scattered(number // 3))
        strength *= sin(pi * (phase - 0.2) / 0.25) ** 2
        add_peak(values, 900 - 1800 * (phase - 0.2), 3, 3e-11 * strength)

    # Auroral kilometric radiation, seen from far out, half of the orbits.
    if height > 0.5 and scattered(orbit * 7 + 2) > 0.5:
        add_peak(values, 75e3, 4, 4e-12 * (height - 0.5) * scattered(int(t // 40)))

    # At most one type III burst in three hours: from its start it drifts down.
    slot = int(t // 10800)
    since = t - slot * 10800 - 8000 * scattered(slot * 7 + 3)
    if 0 < since < 2400 and scattered(slot * 7 + 4) > 0.4:
        add_peak(values, max(12e3, 90e3 / (1 + since / 240)), 4, 5e-12 * exp(-since / 900))

    return map(mul, values, noise[int(256 * scattered(number))])


def main(args):
    if len(args) < 2:
        sys.exit('Usage: das2_ex_spectra.py BEGIN END')
    out = Stream()
    out.header(0, STREAM)
    out.header(1, PACKET)
    begin, end = time_range(out, args[0], args[1])

    first, stop = first_multiple(begin, STEP), first_multiple(end, STEP)
    if first >= stop:
        out.refuse('NoDataInInterval', 'Spectra lie 5 s apart and none lies in this range')
    background, noise = tables()
    for number in range(first, stop):
        values = spectrum(number * STEP / SECOND, number, background, noise)
        out.record(b':01:' + array('d', [number * STEP / 1000]).tobytes()
                   + array('f', values).tobytes())
    out.close()


main(sys.argv[1:])
