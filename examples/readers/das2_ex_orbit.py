#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_orbit.py INTERVAL BEGIN END

Where a polar satellite of the Earth is, every INTERVAL seconds from BEGIN:
the pattern of readers that compute instead of reading files, and of "interval
sources" (requiresInterval = 1 in the DSDF), for which the client says how far
apart the values shall be, so that nothing has to be reduced.

    das2_ex_orbit.py 600 2021-03-20 2021-03-21

The orbit is an ellipse without disturbances: perigee 1.8, apogee 9 Earth radii
from the centre, 86 degrees of inclination, a turn in 17.7 hours. x points from
the Earth to the meridian of the Sun, z along the Earth's axis.
"""
import sys
from math import asin, atan2, cos, degrees, hypot, isfinite, pi, radians, sin, sqrt

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import SECOND, Stream, format_time, time_range

EARTH_RADIUS = 6378.137      # km
EARTH_GM = 398600.4418       # km3 s-2
AXIS = (1.8 + 9.0) / 2       # semi-major axis, Earth radii
ECCENTRICITY = (9.0 - 1.8) / (9.0 + 1.8)
INCLINATION = radians(86.0)
NODE = radians(40.0)         # right ascension of the ascending node
PERIGEE = radians(290.0)     # argument of perigee
MOTION = sqrt(EARTH_GM / (AXIS * EARTH_RADIUS) ** 3)   # radians a second
YEAR = 365.2422 * 86400      # seconds in which the Sun goes round
SUN_AT_2000 = radians(279.6)

STREAM = '''<stream version="2.2">
  <properties String:title="Position of a Polar Satellite (computed)"
              String:xLabel="SCET (UTC)" Datum:xTagWidth="%s s"/>
</stream>
'''
PLANES = (  # name, unit, label
    ('x', 'Re', 'X (R!dE!n)'),
    ('y', 'Re', 'Y (R!dE!n)'),
    ('z', 'Re', 'Z (R!dE!n)'),
    ('radius', 'Re', 'R (R!dE!n)'),
    ('latitude', 'deg', 'Latitude (deg)'),
    ('local_time', 'hours', 'Local Time (h)'),
)
PACKET = '<packet>\n  <x type="time27" units="us2000"></x>\n' + ''.join(
    '''  <y name="%s" type="ascii11" units="%s">
    <properties String:yLabel="%s" double:yFill="-1.0e+31"/>
  </y>
''' % plane for plane in PLANES) + '</packet>\n'


def position(t):
    """x, y, z and R in Earth radii, latitude, local time; t in seconds since 2000."""
    mean = MOTION * t % (2 * pi)
    anomaly = mean + ECCENTRICITY * sin(mean)
    for _ in range(20):   # Kepler's equation, by Newton's method
        error = anomaly - ECCENTRICITY * sin(anomaly) - mean
        anomaly -= error / (1 - ECCENTRICITY * cos(anomaly))
        if abs(error) < 1e-12:
            break
    p = AXIS * (cos(anomaly) - ECCENTRICITY)
    q = AXIS * sqrt(1 - ECCENTRICITY ** 2) * sin(anomaly)

    # From the plane of the orbit to the equator of the Earth.
    u = p * cos(PERIGEE) - q * sin(PERIGEE)
    v = p * sin(PERIGEE) + q * cos(PERIGEE)
    node = NODE - SUN_AT_2000 - 2 * pi * (t / YEAR % 1)
    x = u * cos(node) - v * cos(INCLINATION) * sin(node)
    y = u * sin(node) + v * cos(INCLINATION) * cos(node)
    z = v * sin(INCLINATION)

    radius = hypot(hypot(x, y), z)
    return x, y, z, radius, degrees(asin(z / radius)), (12 + atan2(y, x) * 12 / pi) % 24


def main(args):
    if len(args) < 3:
        sys.exit('Usage: das2_ex_orbit.py INTERVAL BEGIN END')
    out = Stream()
    try:
        interval = float(args[0])
    except ValueError:
        interval = 0.0
    step = int(interval * SECOND) if isfinite(interval) else 0
    # Values are connected over up to one and a half intervals, gaps are longer.
    out.header(0, STREAM % ('%.9g' % (1.5 * max(step, 1) / SECOND)))
    out.header(1, PACKET)
    if step < 1000:
        out.refuse('IllegalArgument', 'The interval must be a number of seconds, at least a millionth')
    begin, end = time_range(out, args[1], args[2])

    for time in range(begin, end, step):
        out.record(b':01:%s %s\n' % (format_time(time, 6).encode(),
                                     b' '.join(b'%10.5f' % v for v in position(time / SECOND))))
    out.close()


main(sys.argv[1:])
