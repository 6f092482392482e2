#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_qstream.py BEGIN END

A keogram as a QStream: how bright the night sky is along a line from north to
south, 32 elevation angles, one scan every 10 seconds, and the sum of each scan.
Computed; the same scans whatever range is asked.

    das2_ex_qstream.py 2021-03-20 2021-03-21 | qds_ascii | less

QStreams are what Autoplot writes. Where das2 has planes they have datasets, which
name each other: the brightness runs along the times (DEPEND_0) and the angles
(DEPEND_1), and the angles have their values in their descriptor. The source's
definition says qstream = 1.
"""
import sys
from array import array
from math import exp, pi, sin

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import SECOND, Stream, first_multiple, time_range

STEP = 10 * SECOND
ANGLES = [5.0 + 170.0 * i / 31 for i in range(32)]

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
ORDER = sys.byteorder + '_endian'   # of the numbers that array.array writes

STREAM = XML + '<stream dataset_id="Keogram" byte_order="%s"/>\n' % ORDER

# All values of this one stand here; it has no data packets.
ELEVATION = XML + '''<packet>
  <qdataset id="Elevation" rank="1">
    <properties>
      <property name="UNITS" type="units" value="deg"/>
      <property name="LABEL" type="String" value="Elevation from north"/>
    </properties>
    <values values="%s" length="%d"/>
  </qdataset>
</packet>
''' % (','.join('%.4f' % angle for angle in ANGLES), len(ANGLES))

# One record of each of these is a data packet: a time, 32 values, a value.
SCAN = XML + '''<packet>
  <qdataset id="Time" rank="1">
    <properties>
      <property name="UNITS" type="units" value="us2000"/>
      <property name="CADENCE" type="rank0dataset" value="10.0 units:UNITS=s"/>
      <property name="MONOTONIC" type="Boolean" value="true"/>
    </properties>
    <values encoding="double" length=""/>
  </qdataset>
  <qdataset id="Keogram" rank="2">
    <properties>
      <property name="DEPEND_0" type="qdataset" value="Time"/>
      <property name="DEPEND_1" type="qdataset" value="Elevation"/>
      <property name="UNITS" type="units" value="kR"/>
      <property name="TITLE" type="String" value="Keogram (computed)"/>
      <property name="LABEL" type="String" value="Brightness"/>
      <property name="FILL_VALUE" type="Double" value="-1.0E31"/>
    </properties>
    <values encoding="float" length="%d"/>
  </qdataset>
  <qdataset id="Total" rank="1">
    <properties>
      <property name="DEPEND_0" type="qdataset" value="Time"/>
      <property name="UNITS" type="units" value="kR"/>
      <property name="LABEL" type="String" value="Sum of a scan"/>
    </properties>
    <values encoding="float" length=""/>
  </qdataset>
</packet>
''' % len(ANGLES)


def scan(t):
    """Brightness by angle, t seconds after 2000-01-01, in kilorayleigh."""
    hour = t / 3600 % 24
    night = max(0.0, sin(pi * ((hour + 7) % 24) / 14))   # from 17 to 7 o'clock
    if (hour + 7) % 24 > 14:
        night = 0.0
    values = [0.2 + 0.1 * sin(pi * angle / 180) for angle in ANGLES]
    # Three arcs that drift, each with waves that run along it.
    for arc in range(3):
        centre = 90 + 55 * sin(2 * pi * t / (5400 + 1700 * arc) + 2 * arc)
        width = 6 + 3 * sin(2 * pi * t / (900 + 300 * arc))
        pulse = 0.6 + 0.4 * sin(2 * pi * t / (60 + 20 * arc))
        for i, angle in enumerate(ANGLES):
            far = (angle - centre) / width
            if far * far < 20:
                values[i] += 8 * night * pulse * exp(-far * far)
    return values


def main(args):
    if len(args) < 2:
        sys.exit('Usage: das2_ex_qstream.py BEGIN END')
    out = Stream()
    out.header(0, STREAM)
    out.header(2, ELEVATION)
    out.header(1, SCAN)
    begin, end = time_range(out, args[0], args[1])

    first, stop = first_multiple(begin, STEP), first_multiple(end, STEP)
    if first >= stop:
        out.refuse('NoDataInInterval', 'Scans lie 10 s apart and none lies in this range')
    for number in range(first, stop):
        values = scan(number * STEP / SECOND)
        out.record(b':01:' + array('d', [number * STEP / 1000]).tobytes()
                   + array('f', values).tobytes() + array('f', [sum(values)]).tobytes())
    out.close()


main(sys.argv[1:])
