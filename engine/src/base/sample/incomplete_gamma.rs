//! The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x), to about 14 digits.
//!
//! Method by region, after DiDonato and Morris, "Computation of the incomplete gamma function ratios and their inverse",
//! ACM TOMS 12 (1986): a series below, a continued fraction above, and Temme's uniform expansion around x = a, where both
//! of them are slow.
use super::polynomial;
use std::f64::consts::TAU;

/// From this `a` on Temme's expansion and Stirling's series hold to full accuracy.
const LARGE: f64 = 20.0;

/// Temme's expansion is used for |x - a| below this share of `a`.
const NEAR: f64 = 0.3;

/// More steps than either series needs for any `a` that they are used with; they stop when they have converged.
const MOST_STEPS: usize = 1000;

/// P and Q for one `a > 0`.
#[derive(Clone, Copy, Debug)]
pub(super) struct IncompleteGamma {
    a: f64,
    /// ln Γ(a + 1) where `a < LARGE`, else Γ(a) / (√(2π/a) (a/e)^a).
    normaliser: f64,
}

/// The two tails at one `x`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tails {
    /// P(a, x).
    pub lower: f64,
    /// Q(a, x).
    pub upper: f64,
    /// x^a e^-x / Γ(a + 1): the gamma density times x / a, and the Poisson probability of `a` at mean `x`.
    pub term: f64,
}

impl Tails {
    fn from_lower(lower: f64, term: f64) -> Self {
        Self {
            lower,
            upper: 1.0 - lower,
            term,
        }
    }

    fn from_upper(upper: f64, term: f64) -> Self {
        Self {
            lower: 1.0 - upper,
            upper,
            term,
        }
    }
}

impl IncompleteGamma {
    pub fn new(a: f64) -> Self {
        let normaliser = if a < LARGE {
            libm::lgamma(a + 1.0)
        } else {
            // Stirling's series, DLMF 5.11.1.
            let y = 1.0 / (a * a);
            libm::exp(
                polynomial(
                    y,
                    &[
                        1.0 / 12.0,
                        -1.0 / 360.0,
                        1.0 / 1260.0,
                        -1.0 / 1680.0,
                        1.0 / 1188.0,
                    ],
                ) / a,
            )
        };
        Self { a, normaliser }
    }

    /// ln Γ(a + 1).
    pub fn ln_gamma_a1(&self) -> f64 {
        if self.a < LARGE {
            self.normaliser
        } else {
            libm::lgamma(self.a + 1.0)
        }
    }

    /// P, Q and the term at `x`; `x <= 0` counts as 0.
    pub fn at(&self, x: f64) -> Tails {
        if x <= 0.0 {
            return Tails {
                lower: 0.0,
                upper: 1.0,
                term: 0.0,
            };
        }
        let a = self.a;
        if a < LARGE {
            return self.away(x, libm::exp(a * libm::log(x) - x - self.normaliser));
        }
        let mu = (x - a) / a;
        let near = mu.abs() < NEAR;
        // ln(1 + mu) - mu, which is -η²/2.
        let exponent = if near {
            ln1p_minus(mu)
        } else {
            libm::log(x / a) - mu
        };
        let bell = libm::exp(a * exponent) / (TAU * a).sqrt();
        let term = bell / self.normaliser;
        if near {
            self.temme(mu, exponent, bell, term)
        } else {
            self.away(x, term)
        }
    }

    fn away(&self, x: f64, term: f64) -> Tails {
        if x < self.a + 1.0 {
            self.series(x, term)
        } else {
            self.fraction(x, term)
        }
    }

    /// DLMF 8.11.4.
    fn series(&self, x: f64, term: f64) -> Tails {
        let (mut sum, mut add, mut n) = (1.0, 1.0, self.a);
        for _ in 0..MOST_STEPS {
            n += 1.0;
            add *= x / n;
            sum += add;
            if add < sum * 1e-17 {
                break;
            }
        }
        Tails::from_lower((term * sum).min(1.0), term)
    }

    /// DLMF 8.9.2, contracted, by Lentz's method.
    fn fraction(&self, x: f64, term: f64) -> Tails {
        const TINY: f64 = 1e-300;
        let mut b = x + 1.0 - self.a;
        let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
        let mut h = d;
        for i in 1..MOST_STEPS {
            let i = i as f64;
            let numerator = -i * (i - self.a);
            b += 2.0;
            d = numerator * d + b;
            d = 1.0 / if d.abs() < TINY { TINY } else { d };
            c = b + numerator / c;
            c = if c.abs() < TINY { TINY } else { c };
            h *= d * c;
            if (d * c - 1.0).abs() < 1e-16 {
                break;
            }
        }
        Tails::from_upper((term * self.a * h).min(1.0), term)
    }

    /// Temme, "The asymptotic expansion of the incomplete gamma functions", SIAM J. Math. Anal. 10 (1979); DLMF 8.12.3 and 8.12.7.
    fn temme(&self, mu: f64, exponent: f64, bell: f64, term: f64) -> Tails {
        let eta = (-2.0 * exponent).max(0.0).sqrt().copysign(mu);
        let correction = bell * temme_sum(eta, 1.0 / self.a);
        let half_tail = 0.5 * libm::erfc((-self.a * exponent).max(0.0).sqrt());
        if eta > 0.0 {
            Tails::from_upper(half_tail + correction, term)
        } else {
            Tails::from_lower(half_tail - correction, term)
        }
    }
}

/// ln(1 + mu) - mu for |mu| < 0.3, without cancellation: ln(1 + mu) = 2 artanh(r), r = mu / (2 + mu).
fn ln1p_minus(mu: f64) -> f64 {
    const ODD: [f64; 12] = [
        1.0 / 3.0,
        1.0 / 5.0,
        1.0 / 7.0,
        1.0 / 9.0,
        1.0 / 11.0,
        1.0 / 13.0,
        1.0 / 15.0,
        1.0 / 17.0,
        1.0 / 19.0,
        1.0 / 21.0,
        1.0 / 23.0,
        1.0 / 25.0,
    ];
    let r = mu / (2.0 + mu);
    let y = r * r;
    r * (2.0 * y * polynomial(y, &ODD) - mu)
}

/// Σ c_k(η) a^-k through k = 8; DLMF 8.12.8.
fn temme_sum(eta: f64, inverse_a: f64) -> f64 {
    let c = [
        polynomial(eta, &TEMME_0),
        polynomial(eta, &TEMME_1),
        polynomial(eta, &TEMME_2),
        polynomial(eta, &TEMME_3),
        polynomial(eta, &TEMME_4),
        polynomial(eta, &TEMME_5),
        polynomial(eta, &TEMME_6),
        polynomial(eta, &TEMME_7),
        polynomial(eta, &TEMME_8),
    ];
    polynomial(inverse_a, &c)
}

// The Taylor series of Temme's c_k(η), computed in exact fractions by the recurrence of DLMF 8.12.10 and 8.12.11 in the form
// c_k(η) = (c'_(k-1)(η) - c'_(k-1)(0) η/μ) / η, c_0(η) = 1/μ - 1/η.
const TEMME_0: [f64; 17] = [
    -0.3333333333333333,
    0.08333333333333333,
    -0.014814814814814815,
    0.0011574074074074073,
    0.0003527336860670194,
    -0.0001787551440329218,
    3.919263178522438e-5,
    -2.185448510679992e-6,
    -1.85406221071516e-6,
    8.296711340953087e-7,
    -1.7665952736826078e-7,
    6.707853543401498e-9,
    1.0261809784240309e-8,
    -4.382036018453353e-9,
    9.14769958223679e-10,
    -2.5514193994946248e-11,
    -5.830772132550426e-11,
];
const TEMME_1: [f64; 15] = [
    -0.001851851851851852,
    -0.003472222222222222,
    0.0026455026455026454,
    -0.0009902263374485596,
    0.00020576131687242798,
    -4.018775720164609e-7,
    -1.8098550334489977e-5,
    7.64916091608111e-6,
    -1.6120900894563446e-6,
    4.647127802807434e-9,
    1.378633446915721e-7,
    -5.752545603517705e-8,
    1.1951628599778148e-8,
    -1.7543241719747647e-11,
    -1.0091543710600413e-9,
];
const TEMME_2: [f64; 14] = [
    0.004133597883597883,
    -0.0026813271604938273,
    0.0007716049382716049,
    2.0093878600823047e-6,
    -0.0001073665322636516,
    5.2923448829120125e-5,
    -1.2760635188618728e-5,
    3.423578734096138e-8,
    1.3721957309062934e-6,
    -6.298992138380055e-7,
    1.4280614206064242e-7,
    -2.0477098421990866e-10,
    -1.409252991086752e-8,
    6.228974084922022e-9,
];
const TEMME_3: [f64; 12] = [
    0.0006494341563786008,
    0.00022947209362139917,
    -0.0004691894943952557,
    0.00026772063206283885,
    -7.561801671883977e-5,
    -2.396505113867297e-7,
    1.1082654115347302e-5,
    -5.6749528269915965e-6,
    1.4230900732435883e-6,
    -2.7861080291528143e-11,
    -1.6958404091930278e-7,
    8.099464905388083e-8,
];
const TEMME_4: [f64; 11] = [
    -0.0008618882909167117,
    0.0007840392217200666,
    -0.0002990724803031902,
    -1.4638452578843418e-6,
    6.641498215465122e-5,
    -3.968365047179435e-5,
    1.1375726970678419e-5,
    2.507497226237533e-10,
    -1.6954149536558305e-6,
    8.907507532205309e-7,
    -2.292934834000805e-7,
];
const TEMME_5: [f64; 9] = [
    -0.00033679855336635813,
    -6.972813758365857e-5,
    0.0002772753244959392,
    -0.00019932570516188847,
    6.797780477937208e-5,
    1.419062920643967e-7,
    -1.3594048189768693e-5,
    8.018470256334202e-6,
    -2.291481176508095e-6,
];
const TEMME_6: [f64; 8] = [
    0.0005313079364639922,
    -0.0005921664373536939,
    0.0002708782096718045,
    7.902353232660328e-7,
    -8.153969367561969e-5,
    5.61168275310625e-5,
    -1.8329116582843375e-5,
    -3.0796134506033047e-9,
];
const TEMME_7: [f64; 6] = [
    0.00034436760689237765,
    5.171790908260592e-5,
    -0.00033493161081142234,
    0.0002812695154763237,
    -0.00010976582244684731,
    -1.2741009095484485e-7,
];
const TEMME_8: [f64; 5] = [
    -0.0006526239185953094,
    0.0008394987206720873,
    -0.000438297098541721,
    -6.969091458420552e-7,
    0.00016644846642067547,
];
