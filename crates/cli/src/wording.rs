//! Library messages with the program's options instead of the library's parameters.

/// Parameters of the library and options of the program. Longer names come first.
const NAMES: &[(&str, &str)] = &[
    ("encoder_width and encoder_height", "--size"),
    ("encoder_frame_rate", "--frame-rate"),
    ("encoder_format=\"", "--sample-format \""),
    ("a YUV encoder_format", "a YUV --pixel-format"),
    ("another encoder_format or encoder", "another --pixel-format or --video-encoder"),
    ("one as encoder_format", "one with --pixel-format"),
    ("the option alpha=", "--video-option alpha="),
    ("Pass `format`", "Pass --format"),
    ("bit_rate of h264", "--video-bit-rate of h264"),
    ("bit_rate of librav1e", "--video-bit-rate of librav1e"),
    ("bit_rate of ", "--bit-rate of "),
    ("pass fill_gaps", "pass --muxer-option fill_gaps"),
];

/// Returns the text of an error with its causes: after colons, or in parentheses for the library's
/// errors.
pub(crate) fn of_error(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        if !text.is_empty() {
            text += ": ";
        }
        if let Some(error) = cause.downcast_ref::<reelwright::Error>() {
            // The report includes the following causes.
            return text + &error.report().to_string();
        }
        text += &cause.to_string();
    }
    text
}

/// Replaces parameters in a message by the program's options.
pub(crate) fn of_program(message: &str) -> String {
    let mut message = sizes(message);
    for (name, option) in NAMES {
        if message.contains(name) && !message.contains(option) {
            message = message.replace(name, option);
        }
    }
    message
}

/// Replaces `encoder_width=W and encoder_height=H` by `--size WxH`.
fn sizes(message: &str) -> String {
    let split = || {
        let (before, rest) = message.split_once("encoder_width=")?;
        let (width, rest) = rest.split_once(" and encoder_height=")?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (height, after) = rest.split_at(end);
        Some(format!("{before}--size {width}x{height}{after}"))
    };
    split().unwrap_or_else(|| message.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io;

    use anyhow::Context;

    use super::*;

    #[test]
    fn causes_follow_the_errors() {
        let failed = || reelwright::Error::output("Failed to open dst: x", io::Error::other("no"));
        assert_eq!(of_error(&failed().into()), "Failed to open dst: x (no)");
        let error = Err::<(), _>(failed()).context("Nothing was written").unwrap_err();
        assert_eq!(of_error(&error), "Nothing was written: Failed to open dst: x (no)");
        let error =
            Err::<(), _>(io::Error::other("no")).context("Failed to open input").unwrap_err();
        assert_eq!(of_error(&error), "Failed to open input: no");
    }

    #[test]
    fn parameters_become_options() {
        for (library, program) in [
            ("Pass encoder_width=64 and encoder_height=48, or so.", "Pass --size 64x48, or so."),
            ("Pass encoder_width and encoder_height.", "Pass --size."),
            ("bit_rate of mp3 must be", "--bit-rate of mp3 must be"),
            ("bit_rate of h264 must be", "--video-bit-rate of h264 must be"),
            ("Pass encoder_format=\"s32\" for more.", "Pass --sample-format \"s32\" for more."),
            ("nothing to say", "nothing to say"),
        ] {
            assert_eq!(of_program(library), program);
        }
    }
}
