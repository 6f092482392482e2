# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
"""What the Python example readers need of das2: times, and packets.

A module, not a reader; it lies beside the readers that import it and needs
nothing but Python 3.6 or later. A reader is

    from das2_ex_stream import Stream, time_range

    def main(args):
        out = Stream()
        out.header(0, '<stream version="2.2"> .. </stream>')
        out.header(1, '<packet> .. </packet>')
        begin, end = time_range(out, args[0], args[1])
        for ..:
            out.record(b':01:' + ..)
        out.close()

Times are whole nanoseconds since 2000-01-01T00:00 UTC, every day having
86,400 seconds, so nothing is lost by rounding. Divided by 1000 they are the
das2 unit us2000, by 1e9 t2000.
"""

import datetime
import re
import signal
import sys

SECOND = 1000000000
DAY = 86400 * SECOND
EPOCH = datetime.date(2000, 1, 1).toordinal()
MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split()

# Names of the 4- and 8-byte reals that array.array writes on this machine.
REAL4, REAL8 = (('little_endian_real4', 'little_endian_real8')
                if sys.byteorder == 'little' else ('sun_real4', 'sun_real8'))


def parse_time(text):
    """Nanoseconds since 2000 of a time as people and clients write them.

    2017-01-01T12:30:15.5Z, 2017-001, 2017/1/1 12:30, 1 Jan 2017, 2/13/2017...
    The server has looked at the times before it starts a reader, so this is
    lenient. ValueError for what is no time.
    """
    text = re.sub(r'\(\d+\)', ' ', text).split('Z')[0]
    date, mark, clock = re.sub(r'(\d)T', r'\1|', text, count=1).partition('|')
    split = re.compile(r'[-/:_;\s]+').split
    words = [word for word in split(date.replace(',', ' ')) if word]
    year = month = day = day_of_year = held = 0
    while words and not (year and (day_of_year or (month and day))):
        word = words.pop(0)
        if word[:3].lower() in MONTHS:
            month, day, held = MONTHS.index(word[:3].lower()) + 1, held or day, 0
            continue
        number = int(word)
        if number < 1:
            raise ValueError(text)
        if len(word) == 4 and not year:
            year = number
        elif number > 31 and not year:
            year = number + (1900 if number < 1000 else 0)
        elif number > 31 or (len(word) == 3 and year and not month):
            day_of_year = number
        elif number > 12:
            day, month, held = number, month or held, 0
        elif month:
            day = number
        elif day or year:
            month = number
        elif held:
            month, day, held = held, number, 0
        else:
            held = number
    if day_of_year:
        days = datetime.date(year, 1, 1).toordinal() + day_of_year - 1
    else:
        days = datetime.date(year, month, day or 1).toordinal()

    hour = minute = 0
    seconds = '0'
    clock = [word for word in words + split(clock.replace(',', '.')) if word]
    if clock and '.' not in clock[0]:
        hour = clock.pop(0)
        if len(hour) == 4:
            hour, minute = hour[:2], hour[2:]
        elif clock and '.' not in clock[0]:
            minute = clock.pop(0)
    if clock:
        seconds = clock.pop(0)
    if clock:
        raise ValueError(text)
    whole, _, fraction = seconds.partition('.')
    return ((days - EPOCH) * DAY
            + (int(hour) * 3600 + int(minute) * 60 + int(whole)) * SECOND
            + int(fraction[:9].ljust(9, '0')))


def format_time(time, digits=3):
    """yyyy-mm-ddThh:mm:ss.fff of nanoseconds since 2000, cut to the digits."""
    days, rest = divmod(time, DAY)
    seconds, fraction = divmod(rest, SECOND)
    text = '%sT%02d:%02d:%02d' % (datetime.date.fromordinal(days + EPOCH).isoformat(),
                                  seconds // 3600, seconds // 60 % 60, seconds % 60)
    return text + ('.%09d' % fraction)[:digits + 1] if digits else text


def first_multiple(begin, step):
    """The first multiple of step, counted from 2000, that is not before begin.

    A reader whose records lie at fixed times gives the same records whatever
    range is asked; this finds the first one.
    """
    return -(-begin // step)


def escape(text):
    """Text made fit for an XML attribute."""
    text = ''.join(c if c.isprintable() else ' ' for c in text)
    for char, entity in (('&', '&amp;'), ('<', '&lt;'), ('>', '&gt;'), ('"', '&quot;')):
        text = text.replace(char, entity)
    return text


class Stream:
    """A das2 stream on standard output."""

    def __init__(self):
        # When the client goes away the server closes the pipe; the reader then
        # ends without a word at its next write.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        self.out = sys.stdout.buffer

    def header(self, tag, xml):
        """A header packet, sent at once so that the client sees signs of life.

        tag is 0 for the stream header, 1 to 99 for packet headers, 'xx' for
        comments and exceptions. The length counts bytes, not characters.
        """
        tag = tag if tag == 'xx' else '%02d' % tag
        body = xml.encode('utf-8', 'replace')
        self.out.write(b'[%s]%06d' % (tag.encode(), len(body)) + body)
        self.out.flush()

    def record(self, data):
        """A data packet, its tag (as :01:) included, or several of them."""
        self.out.write(data)

    def refuse(self, kind, message):
        """Ends the stream, and the reader, with an exception packet.

        kind is NoDataInInterval, IllegalArgument or ServerError. The message
        is shown to the user; standard error goes to the server's log. The exit
        status is 0 because the packet is the answer.
        """
        self.header('xx', '<exception type="%s" message="%s"/>\n' % (kind, escape(message)))
        sys.stderr.write('%s: %s\n' % (sys.argv[0].split('/')[-1],
                                       message.encode('ascii', 'replace').decode()))
        sys.exit(0)

    def close(self):
        """Sends what is still held."""
        self.out.flush()


def time_range(out, begin, end):
    """Both ends of the range asked for, or an IllegalArgument to the client."""
    times = []
    for name, text in (('begin', begin), ('end', end)):
        try:
            times.append(parse_time(text))
        except (ValueError, OverflowError):
            out.refuse('IllegalArgument', 'The %s time is not a time this reader understands, '
                                          'try 2017-01-01T12:00' % name)
    if times[1] <= times[0]:
        out.refuse('IllegalArgument', 'The end time must be later than the begin time')
    return times
