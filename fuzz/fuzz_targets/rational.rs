//! Any numbers as rates and times: results within their bounds, or an error. No panic.

#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use reelwright_core::{Rational, TimeBase, Timestamp, helpers::MAX_TERM};
use reelwright_fuzz::rational;

fuzz_target!(|data: &[u8]| {
    // Missing bytes are not an error.
    let _ = run(&mut Unstructured::new(data));
});

fn run(u: &mut Unstructured<'_>) -> Result<()> {
    let value = match u.arbitrary()? {
        true => f64::arbitrary(u)?,
        false => f64::from(u32::arbitrary(u)?) / f64::from(u32::arbitrary(u)?),
    };
    let limit = MAX_TERM as f64;
    match Rational::from_f64(value) {
        Ok(found) => {
            assert!((1..=MAX_TERM).contains(&found.num()) && (1..=MAX_TERM).contains(&found.den()));
            assert!((found.to_f64() - value).abs() <= value / limit, "{found} for {value}");
        }
        Err(_) => assert!(!(1.0 / limit..=limit).contains(&value), "{value}"),
    }

    let (from, to) = (TimeBase::new(rational(u)?), TimeBase::new(rational(u)?));
    let seconds = f64::arbitrary(u)?;
    if let Ok(at) = from.from_seconds(seconds) {
        assert!(seconds >= 0.0 && (0..=1 << 53).contains(&at.0), "{at}");
    }
    let at = Timestamp(u.arbitrary()?);
    assert_eq!(from.rescale(at, from), at);
    let there = from.rescale(at, to);
    assert!(there.0 == 0 || (there.0 < 0) == (at.0 < 0), "{at} became {there}");
    // Within half a unit, as far as floats can show.
    let exact = at.0 as f64
        * (from.seconds().num() as f64 / from.seconds().den() as f64)
        * (to.seconds().den() as f64 / to.seconds().num() as f64);
    let error = (there.0 as f64 - exact.clamp(i64::MIN as f64, i64::MAX as f64)).abs();
    assert!(error <= 0.5 + exact.abs() * 1e-12, "{at} in {from:?} is {there} in {to:?}");
    Ok(())
}
