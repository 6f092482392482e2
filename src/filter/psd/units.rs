//! Squares and inverses of units.
//!
//! A unit is taken apart into names and their powers where that can be done:
//! `nT^2/Hz` is `nT**2 Hz**-1`. One that cannot, such as `(V/m)^2`, stays one
//! piece in parentheses.

/// A product of powers, in the order in which it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Units {
    factors: Vec<Factor>,
}

#[derive(Debug, Clone, PartialEq)]
struct Factor {
    name: String,
    /// Numerator and denominator, without common divisors.
    power: (i32, i32),
    /// Factors of a first operand come before those of a second.
    rank: u8,
}

/// How many factors are looked at; what has more stays one piece.
const MAX_FACTORS: usize = 20;
/// Powers beyond this are no powers of units.
const MAX_POWER: i32 = 99;

impl Units {
    /// A unit's text, taken apart or in one piece.
    pub(super) fn parse(text: &str) -> Units {
        let text = text.trim();
        let factors = match text {
            "" => Vec::new(),
            text => factors_of(text).unwrap_or_else(|| {
                vec![Factor {
                    name: format!("({text})"),
                    power: (1, 1),
                    rank: 0,
                }]
            }),
        };
        Units { factors }.in_order()
    }

    /// The unit to a whole power.
    pub(super) fn power(mut self, power: i32) -> Units {
        for factor in &mut self.factors {
            let (n, d) = factor.power;
            factor.power = reduced(n.saturating_mul(power), d);
        }
        self.in_order()
    }

    /// The product of two units; the factors of the first one come first.
    pub(super) fn times(mut self, other: Units) -> Units {
        self.factors.iter_mut().for_each(|factor| factor.rank = 0);
        for mut more in other.factors {
            match self.factors.iter_mut().find(|f| f.name == more.name) {
                Some(factor) => factor.power = add(factor.power, more.power),
                None => {
                    more.rank = 1;
                    self.factors.push(more);
                }
            }
        }
        self.in_order()
    }

    /// Positive powers first, then higher ones, then by name.
    fn in_order(mut self) -> Units {
        self.factors.retain(|factor| factor.power.0 != 0);
        self.factors.sort_by(|a, b| {
            let number = |f: &Factor| f64::from(f.power.0) / f64::from(f.power.1.max(1));
            let negative = |f: &Factor| f.power.0 < 0;
            negative(a)
                .cmp(&negative(b))
                .then(a.rank.cmp(&b.rank))
                .then(number(b).total_cmp(&number(a)))
                .then_with(|| a.name.cmp(&b.name))
        });
        self
    }

    /// The canonical form: `V**2 m**-2 Hz**-1`.
    pub(super) fn text(&self) -> String {
        self.joined(|factor| match power_text(factor.power) {
            power if power == "1" => factor.name.clone(),
            power => format!("{}**{power}", factor.name),
        })
    }

    /// The form for labels: `V!a2!n m!a-2!n Hz!a-1!n`, `R!bJ!n`.
    pub(super) fn label(&self) -> String {
        self.joined(|factor| {
            let name = match factor.name.split_once('_') {
                Some((name, sub)) if !name.is_empty() && !name.starts_with('(') => {
                    format!("{name}!b{sub}!n")
                }
                _ => factor.name.clone(),
            };
            match power_text(factor.power) {
                power if power == "1" => name,
                power => format!("{name}!a{power}!n"),
            }
        })
    }

    fn joined(&self, one: impl Fn(&Factor) -> String) -> String {
        let words: Vec<String> = self.factors.iter().map(one).collect();
        words.join(" ")
    }
}

fn power_text((n, d): (i32, i32)) -> String {
    match d {
        1 => n.to_string(),
        d => format!("{n}/{d}"),
    }
}

fn reduced(n: i32, d: i32) -> (i32, i32) {
    let (mut a, mut b) = (n.unsigned_abs(), d.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    match i32::try_from(a) {
        Ok(common) if common > 0 => (n / common, d / common),
        _ => (n, d),
    }
}

fn add((n, d): (i32, i32), (m, e): (i32, i32)) -> (i32, i32) {
    let sum = n.saturating_mul(e).saturating_add(m.saturating_mul(d));
    reduced(sum, d.saturating_mul(e))
}

/// The factors of a text such as `V m**-1`, `V/m` or `nT^2 / Hz`. None where
/// anything else is in it.
fn factors_of(text: &str) -> Option<Vec<Factor>> {
    let mut factors: Vec<Factor> = Vec::new();
    let mut rest = text;
    // A slash turns round all that follows.
    let mut sign = 1;
    loop {
        rest = rest.trim_start();
        if let Some(behind) = rest.strip_prefix('/') {
            if sign < 0 {
                return None;
            }
            sign = -1;
            rest = behind.trim_start();
        }
        if rest.is_empty() {
            return (!factors.is_empty()).then_some(factors);
        }
        // `1/cm` is the inverse of a centimetre.
        if let Some(behind) = rest.strip_prefix('1')
            && factors.is_empty()
            && behind.trim_start().starts_with('/')
        {
            rest = behind;
            continue;
        }
        let (name, behind) = split_name(rest)?;
        let (power, behind) = split_power(behind)?;
        rest = behind;
        if !(rest.is_empty() || rest.starts_with(|c: char| c == '/' || c.is_whitespace())) {
            return None;
        }
        let power = reduced(sign * power.0, power.1);
        match factors.iter_mut().find(|factor| factor.name == name) {
            Some(factor) => factor.power = add(factor.power, power),
            None => factors.push(Factor {
                name: name.to_owned(),
                power,
                rank: 0,
            }),
        }
        if factors.len() > MAX_FACTORS {
            return None;
        }
    }
}

fn split_name(text: &str) -> Option<(&str, &str)> {
    let in_name = |c: char| c.is_alphabetic() || "%_\u{b0}\u{b5}".contains(c);
    let end = text.find(|c| !in_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let fits = !name.is_empty() && !name.starts_with('_') && !name.ends_with('_');
    fits.then_some((name, rest))
}

/// `**-2`, `^2`, `**1/2`, or nothing, which is 1.
fn split_power(text: &str) -> Option<((i32, i32), &str)> {
    let operator = text.trim_start();
    let Some(digits) = operator
        .strip_prefix("**")
        .or_else(|| operator.strip_prefix('^'))
    else {
        return Some(((1, 1), text));
    };
    let digits = digits.trim_start();
    let (n, rest) = split_number(digits, true)?;
    let (d, rest) = match rest.strip_prefix('/').map(|rest| split_number(rest, false)) {
        Some(Some(denominator)) => denominator,
        _ => (1, rest),
    };
    Some((reduced(n, d), rest))
}

fn split_number(text: &str, signed: bool) -> Option<(i32, &str)> {
    let digits = match signed {
        true => text.strip_prefix(['+', '-']).unwrap_or(text),
        false => text,
    };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(text.len() - digits.len() + count)?;
    let number: i32 = number.parse().ok()?;
    (number != 0 && number.abs() <= MAX_POWER).then_some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn density(units: &str) -> String {
        let hertz = Units::parse("Hz").power(-1);
        Units::parse(units).power(2).times(hertz).text()
    }

    #[test]
    fn densities() {
        for (units, squared) in [
            ("V", "V**2 Hz**-1"),
            ("V/m", "V**2 m**-2 Hz**-1"),
            ("V m**-1", "V**2 m**-2 Hz**-1"),
            ("m^-1 V", "V**2 m**-2 Hz**-1"),
            ("nT", "nT**2 Hz**-1"),
            ("nT^2/Hz", "nT**4 Hz**-3"),
            ("nT / Hz^1/2", "nT**2 Hz**-2"),
            ("1/cm^3", "cm**-6 Hz**-1"),
            ("R_J", "R_J**2 Hz**-1"),
            ("", "Hz**-1"),
            ("%", "%**2 Hz**-1"),
            ("(V/m)^2", "((V/m)^2)**2 Hz**-1"),
            ("cm!a-3!n", "(cm!a-3!n)**2 Hz**-1"),
            ("log10", "(log10)**2 Hz**-1"),
            ("#", "(#)**2 Hz**-1"),
            ("V**", "(V**)**2 Hz**-1"),
            ("V**0", "(V**0)**2 Hz**-1"),
            ("a/b/c", "(a/b/c)**2 Hz**-1"),
            ("V**99999999999", "(V**99999999999)**2 Hz**-1"),
            ("\u{b5}V", "\u{b5}V**2 Hz**-1"),
        ] {
            assert_eq!(density(units), squared, "{units}");
        }
        let many = ["a"; 3].join(" ");
        assert_eq!(density(&many), "a**6 Hz**-1");
    }

    #[test]
    fn inverses_and_labels() {
        let inverse = |units: &str| Units::parse(units).power(-1);
        assert_eq!(inverse("km").text(), "km**-1");
        assert_eq!(inverse("").text(), "");
        assert_eq!(inverse("m/s").text(), "s m**-1");
        let labelled = |units: &str| Units::parse(units).label();
        let hertz = Units::parse("Hz").power(-1);
        let density = Units::parse("V/m").power(2).times(hertz);
        assert_eq!(density.label(), "V!a2!n m!a-2!n Hz!a-1!n");
        assert_eq!(labelled("R_J**2"), "R!bJ!n!a2!n");
        assert_eq!(labelled("Hz"), "Hz");
        assert_eq!(labelled("(a_b)^2"), "((a_b)^2)");
    }
}
