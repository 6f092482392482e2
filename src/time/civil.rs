//! The proleptic Gregorian calendar as arithmetic on day numbers, counted from
//! 2000-01-01.

/// Days from 0000-03-01, where the 400-year cycle is taken to begin (a leap
/// day then ends a year), to 2000-01-01.
const CYCLE_START: i64 = 730_425;
const CYCLE_DAYS: i64 = 146_097;

const DAYS_IN_MONTH: [[u32; 12]; 2] = [
    [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
    [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
];
const DAYS_BEFORE_MONTH: [[u32; 12]; 2] = [
    [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334],
    [0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335],
];

pub(super) fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days of the month, none for a month outside 1..=12.
pub(super) fn days_in_month(year: i32, month: u32) -> u32 {
    of_month(&DAYS_IN_MONTH, year, month)
}

/// Days of the year before the first of the month.
pub(super) fn days_before_month(year: i32, month: u32) -> u32 {
    of_month(&DAYS_BEFORE_MONTH, year, month)
}

fn of_month(table: &[[u32; 12]; 2], year: i32, month: u32) -> u32 {
    let [common, leap] = table;
    let row = if is_leap(year) { leap } else { common };
    let index = month.wrapping_sub(1) as usize;
    row.get(index).copied().unwrap_or(0)
}

/// Day number of 1 January.
pub(super) const fn first_day(year: i32) -> i64 {
    let past = year as i64 - 1;
    let leap_days = past.div_euclid(4) - past.div_euclid(100) + past.div_euclid(400);
    // 1999 whole years from year 1 to 2000 hold 484 leap days.
    past * 365 + leap_days - (1999 * 365 + 484)
}

/// Year, month 1..=12 and day 1..=31 of a day number.
pub(super) fn date(day_number: i64) -> (i32, u32, u32) {
    let days = day_number + CYCLE_START;
    let cycle = days.div_euclid(CYCLE_DAYS);
    let in_cycle = days.rem_euclid(CYCLE_DAYS);
    let year_of_cycle = (in_cycle - in_cycle / 1460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
    let day_of_year = in_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    // Months from March on have lengths that a straight line of slope 153/5 gives.
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let (month, january_year) = if march_month < 10 {
        (march_month + 3, 0)
    } else {
        (march_month - 9, 1)
    };
    let year = cycle * 400 + year_of_cycle + january_year;
    (year as i32, month as u32, day as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_days() {
        assert_eq!(first_day(2000), 0);
        assert_eq!(first_day(1970), -10_957);
        assert_eq!(first_day(1), -730_119);
        assert_eq!(date(0), (2000, 1, 1));
        assert_eq!(date(59), (2000, 2, 29));
        assert_eq!(date(-1), (1999, 12, 31));
        assert_eq!(date(-15_340), (1958, 1, 1));
    }

    #[test]
    fn every_day_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1, 1, 1);
        for number in first_day(1)..first_day(10_001) {
            assert_eq!(date(number), (year, month, day));
            let of_year = days_before_month(year, month) + day;
            assert_eq!(first_day(year) + i64::from(of_year) - 1, number);
            day += 1;
            if day > days_in_month(year, month) {
                day = 1;
                month += 1;
            }
            if month > 12 {
                month = 1;
                year += 1;
            }
        }
    }

    #[test]
    fn months_outside_the_year_have_no_days() {
        assert_eq!(days_in_month(2000, 0), 0);
        assert_eq!(days_in_month(2000, 13), 0);
    }
}
