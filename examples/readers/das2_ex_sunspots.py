#!/usr/bin/env python3
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""das2_ex_sunspots.py BEGIN END

Yearly mean sunspot numbers, 1700 to 2008, from a file of comma-separated
values: the pattern of any reader of small text files.

    das2_ex_sunspots.py 1900-01-01 1950-01-01

The file, sunspots.csv, names its source. It is looked for in ../examples/data
and ../data, seen from this program.
"""
import os
import sys

sys.dont_write_bytecode = True  # the folder of the programs may be read-only
from das2_ex_stream import Stream, parse_time, time_range

# Each value is a mean over a year, so its time is the middle of that year.
STREAM = '''<stream version="2.2">
  <properties String:title="Yearly Mean Sunspot Number" String:xLabel="Time (UTC)"
              Datum:xTagWidth="366 days" String:renderer="symbolLine"/>
</stream>
'''
PACKET = '''<packet>
  <x type="time11" units="us2000"></x>
  <y name="sunspot_number" type="ascii9" units="">
    <properties String:yLabel="Sunspot Number" String:yScaleType="linear" double:yFill="-1.0e+31"/>
  </y>
</packet>
'''


def data_file():
    here = os.path.dirname(os.path.realpath(__file__))
    for folder in ('../examples/data', '../data'):
        path = os.path.join(here, folder, 'sunspots.csv')
        if os.path.exists(path):
            return path
    return None


def main(args):
    if len(args) < 2:
        sys.exit('Usage: das2_ex_sunspots.py BEGIN END')
    out = Stream()
    out.header(0, STREAM)
    out.header(1, PACKET)
    begin, end = time_range(out, args[0], args[1])
    path = data_file()
    if not path:
        out.refuse('ServerError', 'The file of sunspot numbers is missing on this server')

    sent = 0
    with open(path) as lines:
        for line in lines:
            year, _, number = line.strip().partition(',')
            if not year.isdigit():
                continue  # comments, and the line of column names
            date = year + '-07-02'
            if begin <= parse_time(date) < end:
                out.record(b':01:%-10s %8.1f\n' % (date.encode(), float(number)))
                sent += 1
    if not sent:
        out.refuse('NoDataInInterval', 'The sunspot numbers are yearly values from 1700 to 2008')
    out.close()


main(sys.argv[1:])
