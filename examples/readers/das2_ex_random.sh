#!/bin/sh
# This file is in the public domain (Unlicense, see examples/LICENSE): copy it,
# change it, use it for anything.
#
# das2_ex_random.sh BEGIN END
#
# The smallest reader there is: 200 random values between -10 and +10, evenly
# spread over any time range, as a das2 stream of text. Try it:
#
#   das2_ex_random.sh 2017-01-01 2017-03-01
#
# A das2 stream is a stream header packet [00], a packet header [01] that says
# what one record holds, and the records, each behind :01:. The six digits
# after a bracketed tag count the bytes of the packet. Times are ISO texts,
# left-aligned in their 27 bytes; values are right-aligned in their 9 bytes,
# the last of which ends the line.
#
# The times come as the client wrote them: 2017-01-01T12:30:15.5Z, 2017-001,
# 2017/1/1 12:30, 1 Jan 2017, ...

# The times travel through the environment, so nothing in them is ever read as
# program text, nor as an option. LC_ALL=C makes awk count bytes, and write
# decimal points.
LC_ALL=C BEGIN_TIME=$1 END_TIME=$2 SEED=$$ exec awk '
function header(tag, xml) { printf "[%s]%06d%s", tag, length(xml), xml }

# Ends the stream with an exception packet. Its message goes to the user, and
# the server keeps standard error in its log. The exit status stays 0: the
# packet is the answer.
function refuse(type, message) {
	header("xx", "<exception type=\"" type "\" message=\"" message "\"/>\n")
	print "das2_ex_random.sh: " message | "cat 1>&2"
	exit 0
}

# Days since 2000-01-01 of a date of the Gregorian calendar.
function day_number(year, month, day,    y) {
	y = month > 2 ? year : year - 1
	return 365 * y + int(y / 4) - int(y / 100) + int(y / 400) \
	       + int((153 * ((month + 9) % 12) + 2) / 5) + day - 1 - 730425
}

# Microseconds since 2000-01-01 of a time text, or "bad".
function parse(text,    date, clock, word, n, i, w, month, held, hms, k) {
	sub(/Z.*/, "", text)
	gsub(/\([0-9]*\)/, " ", text)
	if (match(text, /[0-9]T/)) {
		date = substr(text, 1, RSTART); clock = substr(text, RSTART + 2)
	} else {
		date = text; clock = ""
	}
	gsub(/,/, " ", date); sub(/,/, ".", clock)
	year = mon = day = doy = held = 0
	n = split(date, word, /[-\/:_; \t]+/)
	for (i = 1; i <= n; i++) {
		w = word[i]
		if (w == "") continue
		if (year && (doy || (mon && day))) { clock = clock " " w; continue }
		if (w ~ /^[A-Za-z][A-Za-z][A-Za-z]/) {
			month = index("janfebmaraprmayjunjulaugsepoctnovdec", tolower(substr(w, 1, 3)))
			if (month % 3 != 1) return "bad"
			mon = (month + 2) / 3
			if (held) { day = held; held = 0 }
		}
		else if (w !~ /^[0-9]+$/ || w + 0 == 0) return "bad"
		else if (length(w) == 4 && !year) year = w + 0
		else if (w > 31 && !year) year = w + (w + 0 < 1000 ? 1900 : 0)
		else if (w > 31 || (length(w) == 3 && year && !mon)) doy = w + 0
		else if (w > 12) { day = w + 0; if (held) { mon = held; held = 0 } }
		else if (mon) day = w + 0
		else if (day || year) mon = w + 0
		else if (held) { mon = held; day = w + 0; held = 0 }
		else held = w + 0
	}
	if (doy) { mon = 1; day = doy }
	if (!day) day = 1
	if (!year || year > 9999 || !mon || mon > 12 || day > 366) return "bad"

	hms[1] = hms[2] = hms[3] = 0
	k = 0
	n = split(clock, word, /[-\/:_; \t]+/)
	for (i = 1; i <= n; i++) {
		w = word[i]
		if (w == "") continue
		if (w !~ /^[0-9]+$/ && w !~ /^[0-9]+[.][0-9]*$/) return "bad"
		if (k >= 3) return "bad"
		if (w ~ /[.]/) { hms[3] = w + 0; k = 3 }
		else if (k == 0 && length(w) == 4) { hms[1] = int(w / 100); hms[2] = w % 100; k = 2 }
		else hms[++k] = w + 0
	}
	return (day_number(year, mon, day) * 86400 + hms[1] * 3600 + hms[2] * 60) * 1000000 \
	       + int(hms[3] * 1000000 + 0.5)
}

# yyyy-mm-ddThh:mm:ss.ffffff from microseconds since 2000-01-01.
function format(us,    days, rest, era, doe, yoe, doy, mp) {
	days = int(us / 86400000000)
	if (days * 86400000000 > us) days--
	rest = us - days * 86400000000
	days += 730425
	era = int(days / 146097); doe = days - era * 146097
	yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
	doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100))
	mp = int((5 * doy + 2) / 153)
	return sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06d",
		yoe + era * 400 + (mp > 9), mp < 10 ? mp + 3 : mp - 9, doy - int((153 * mp + 2) / 5) + 1,
		int(rest / 3600000000), int(rest / 60000000) % 60, int(rest / 1000000) % 60, rest % 1000000)
}

BEGIN {
	srand(); srand(int(rand() * 1000000) + ENVIRON["SEED"])

	# Headers first, and at once: the client sees that something is coming.
	header("00", "<stream version=\"2.2\">\n" \
		"  <properties String:title=\"Random Values\" String:xLabel=\"Time (UTC)\"\n" \
		"              String:yLabel=\"Random Value\"/>\n" \
		"</stream>\n")
	header("01", "<packet>\n" \
		"  <x type=\"time27\" units=\"us2000\"></x>\n" \
		"  <y name=\"random\" type=\"ascii9\" units=\"\"></y>\n" \
		"</packet>\n")
	fflush()

	begin = parse(ENVIRON["BEGIN_TIME"])
	end = parse(ENVIRON["END_TIME"])
	if (begin == "bad" || end == "bad")
		refuse("IllegalArgument", "The begin or end time is not a time this reader understands, try 2017-01-01")
	if (end <= begin)
		refuse("IllegalArgument", "The end time must be later than the begin time")

	for (i = 0; i < 200; i++) {
		us = begin + int((end - begin) * i / 200)
		printf ":01:%s %8.3f\n", format(us), rand() * 20 - 10
	}
}'
