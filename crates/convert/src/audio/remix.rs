//! Gains of input channels in each output channel.
//!
//! The gains are those of FFmpeg's swresample with default options, which follow ATSC A/52 (§7.8):
//! a channel that the output does not have is mixed into the nearest loudspeakers, at -3 dB if it
//! is spread over two or is a surround channel. Low-frequency and height channels are dropped if
//! the output does not have them.

use std::f64::consts::FRAC_1_SQRT_2 as MINUS_3_DB;

use reelwright_core::{Channel, ChannelLayout, Error, Result};

/// -6 dB: a surround channel that is spread over two loudspeakers.
const MINUS_6_DB: f64 = 0.5;

/// Source of an output channel.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Recipe {
    /// Silence.
    Silence,
    /// An unchanged input channel.
    Copy(usize),
    /// A sum of input channels with gains. Never empty.
    Sum(Vec<(usize, f64)>),
}

/// Returns the source of each output channel. With `normalize`, all gains are scaled so that no sum
/// of full-scale samples can exceed full scale.
///
/// # Errors
/// Layouts differ and have no positions, or cannot be mixed because they have no front channels or
/// only one channel of a pair.
pub(super) fn recipes(
    from: ChannelLayout,
    to: ChannelLayout,
    normalize: bool,
) -> Result<Vec<Recipe>> {
    let positions_are_known = from.mask().is_some() && to.mask().is_some();
    if from == to || (from.channels() == to.channels() && !positions_are_known) {
        return Ok((0..to.channels()).map(Recipe::Copy).collect());
    }
    for layout in [from, to] {
        if let Some(reason) = obstacle(layout) {
            return Err(Error::unsupported(format!("Cannot remix {from} to {to}: {reason}.")));
        }
    }
    let (from, to) = (as_mono(from), as_mono(to));

    let mut sums = vec![Vec::new(); to.channels()];
    for (input, position) in from.positions().enumerate() {
        for (target, gain) in destinations(position, from, to) {
            if let Some(output) = to.index_of(target) {
                sums[output].push((input, gain));
            }
        }
    }
    let loudest = sums.iter().map(|sum| sum.iter().map(|&(_, gain)| gain).sum::<f64>());
    let loudest = loudest.fold(1.0, f64::max);
    if normalize {
        sums.iter_mut().flatten().for_each(|(_, gain)| *gain /= loudest);
    }
    let recipe = |sum: Vec<(usize, f64)>| match sum[..] {
        [] => Recipe::Silence,
        [(input, 1.0)] => Recipe::Copy(input),
        _ => Recipe::Sum(sum),
    };
    Ok(sums.into_iter().map(recipe).collect())
}

/// Returns the reason why a layout cannot be remixed, if any.
fn obstacle(layout: ChannelLayout) -> Option<String> {
    use Channel as C;
    if layout.mask().is_none() {
        return Some(format!(
            "the positions of {layout} are unknown; pass a layout by name, such as \
             stereo, 5.1 or FL+FR+LFE, or keep the number of channels"
        ));
    }
    if layout.channels() == 1 {
        return None;
    }
    let has = |position| layout.index_of(position).is_some();
    if ![C::FrontLeft, C::FrontRight, C::FrontCenter].into_iter().any(has) {
        return Some(format!("{layout} has none of the channels FL, FR and FC"));
    }
    let pairs = [
        (C::FrontLeft, C::FrontRight),
        (C::SideLeft, C::SideRight),
        (C::BackLeft, C::BackRight),
        (C::FrontLeftOfCenter, C::FrontRightOfCenter),
    ];
    pairs.into_iter().find(|&(left, right)| has(left) != has(right)).map(|(left, right)| {
        let (left, right) = (left.name(), right.name());
        format!("{layout} has only one of the channels {left} and {right}")
    })
}

/// Treats a single channel as the center channel, regardless of its position.
fn as_mono(layout: ChannelLayout) -> ChannelLayout {
    if layout.channels() == 1 { ChannelLayout::MONO } else { layout }
}

/// Returns the output channels and gains for the input channel `position`.
fn destinations(position: Channel, from: ChannelLayout, to: ChannelLayout) -> Vec<(Channel, f64)> {
    use Channel as C;
    if to.index_of(position).is_some() {
        return vec![(position, 1.0)];
    }
    // Two pairs in the same loudspeakers are attenuated relative to the pair of these loudspeakers.
    let shared = |other| if from.index_of(other).is_some() { MINUS_3_DB } else { 1.0 };
    let homes: &[(&[Channel], f64)] = match position {
        C::FrontCenter => &[(&[C::FrontLeft, C::FrontRight], MINUS_3_DB)],
        C::FrontLeft | C::FrontRight => &[(&[C::FrontCenter], MINUS_3_DB)],
        C::FrontLeftOfCenter => &[(&[C::FrontLeft], 1.0), (&[C::FrontCenter], MINUS_3_DB)],
        C::FrontRightOfCenter => &[(&[C::FrontRight], 1.0), (&[C::FrontCenter], MINUS_3_DB)],
        C::BackCenter => &[
            (&[C::BackLeft, C::BackRight], MINUS_3_DB),
            (&[C::SideLeft, C::SideRight], MINUS_3_DB),
            (&[C::FrontLeft, C::FrontRight], MINUS_6_DB),
            (&[C::FrontCenter], MINUS_6_DB),
        ],
        C::BackLeft => &[
            (&[C::BackCenter], MINUS_3_DB),
            (&[C::SideLeft], shared(C::SideLeft)),
            (&[C::FrontLeft], MINUS_3_DB),
            (&[C::FrontCenter], MINUS_6_DB),
        ],
        C::BackRight => &[
            (&[C::BackCenter], MINUS_3_DB),
            (&[C::SideRight], shared(C::SideRight)),
            (&[C::FrontRight], MINUS_3_DB),
            (&[C::FrontCenter], MINUS_6_DB),
        ],
        C::SideLeft => &[
            (&[C::BackLeft], shared(C::BackLeft)),
            (&[C::BackCenter], MINUS_3_DB),
            (&[C::FrontLeft], MINUS_3_DB),
            (&[C::FrontCenter], MINUS_6_DB),
        ],
        C::SideRight => &[
            (&[C::BackRight], shared(C::BackRight)),
            (&[C::BackCenter], MINUS_3_DB),
            (&[C::FrontRight], MINUS_3_DB),
            (&[C::FrontCenter], MINUS_6_DB),
        ],
        _ => &[],
    };
    let home = homes.iter().find(|(home, _)| to.index_of(home[0]).is_some());
    home.map_or_else(Vec::new, |(home, gain)| home.iter().map(|&c| (c, *gain)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(name: &str) -> ChannelLayout {
        name.parse().unwrap()
    }

    #[test]
    fn downmix_has_the_gains_of_the_standard() {
        // ATSC A/52 §7.8.2 with center and surround at -3 dB.
        let stereo = recipes(layout("5.1"), layout("stereo"), false).unwrap();
        let m3 = 0.5f64.sqrt();
        let expected = [[(0, 1.0), (2, m3), (4, m3)], [(1, 1.0), (2, m3), (5, m3)]];
        assert_eq!(stereo, expected.map(|sum| Recipe::Sum(sum.to_vec())));
    }

    #[test]
    fn normalized_gains_never_exceed_full_scale() {
        let names =
            ["mono", "stereo", "5.1", "5.1(side)", "6.1", "7.1", "octagonal", "FL+FR+BC+TC"];
        for (from, to) in names.iter().flat_map(|from| names.map(|to| (*from, to))) {
            for recipe in recipes(layout(from), layout(to), true).unwrap() {
                if let Recipe::Sum(sum) = recipe {
                    let total: f64 = sum.iter().map(|&(_, gain)| gain).sum();
                    assert!(total < 1.0 + 1e-12, "{from} to {to}: {total}");
                }
            }
        }
        let mono = recipes(layout("stereo"), layout("mono"), true).unwrap();
        assert_eq!(mono, [Recipe::Sum(vec![(0, 0.5), (1, 0.5)])]);
    }

    #[test]
    fn copies_channels_that_are_not_mixed() {
        use Recipe::{Copy, Silence};
        let up = recipes(layout("stereo"), layout("5.1"), true).unwrap();
        assert_eq!(up, [Copy(0), Copy(1), Silence, Silence, Silence, Silence]);
        let side = recipes(layout("5.1"), layout("5.1(side)"), true).unwrap();
        assert_eq!(side, [0, 1, 2, 3, 4, 5].map(Copy));
        // A single channel is the center, regardless of its position.
        assert_eq!(recipes(layout("LFE"), layout("mono"), true).unwrap(), [Copy(0)]);
    }

    #[test]
    fn without_positions_channels_keep_their_order() {
        let five = ChannelLayout::unspecified(5).unwrap();
        let expected: Vec<Recipe> = (0..5).map(Recipe::Copy).collect();
        assert_eq!(recipes(five, layout("5.0"), true).unwrap(), expected);
        assert_eq!(recipes(layout("5.0"), five, true).unwrap(), expected);
        let message = recipes(five, layout("stereo"), true).unwrap_err().to_string();
        assert!(message.starts_with("Cannot remix 5 channels to stereo: "), "{message}");
        assert!(message.contains("pass a layout by name, such as stereo, 5.1"), "{message}");
    }

    #[test]
    fn rejects_layouts_with_half_a_pair() {
        for (wrong, reason) in [
            ("FL+FC", "FL+FC has only one of the channels FL and FR"),
            ("FL+FR+SL", "FL+FR+SL has only one of the channels SL and SR"),
            ("BL+BR", "BL+BR has none of the channels FL, FR and FC"),
        ] {
            for (from, to) in [(wrong, "mono"), ("mono", wrong)] {
                let message = recipes(layout(from), layout(to), true).unwrap_err().to_string();
                assert_eq!(message, format!("Cannot remix {from} to {to}: {reason}."));
            }
            assert!(recipes(layout(wrong), layout(wrong), true).is_ok());
        }
    }
}
