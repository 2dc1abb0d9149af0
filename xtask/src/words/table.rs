//! Words and phrases with the field's or plain English's words for them, and exceptions.

/// Text that an entry applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// Text, and words of identifiers and of file names.
    Everywhere,
    /// Text only.
    Text,
    /// Identifiers and file names that consist of the word alone.
    Name,
    /// File names that consist of the word alone.
    File,
}

/// Words to replace.
#[derive(Debug)]
pub(super) struct Entry {
    /// Phrases in lower case, with `|` between them.
    pub(super) phrases: &'static str,
    pub(super) replacement: &'static str,
    /// Reason, for readers of this table.
    _reason: &'static str,
    pub(super) scope: Scope,
}

const fn all(phrases: &'static str, replacement: &'static str, reason: &'static str) -> Entry {
    Entry { phrases, replacement, _reason: reason, scope: Scope::Everywhere }
}

const fn text(phrases: &'static str, replacement: &'static str, reason: &'static str) -> Entry {
    Entry { phrases, replacement, _reason: reason, scope: Scope::Text }
}

const fn name(phrases: &'static str, replacement: &'static str, reason: &'static str) -> Entry {
    Entry { phrases, replacement, _reason: reason, scope: Scope::Name }
}

const fn file(phrases: &'static str, replacement: &'static str, reason: &'static str) -> Entry {
    Entry { phrases, replacement, _reason: reason, scope: Scope::File }
}

const FIELD: &str = "the field's word";
const AMERICAN: &str = "American spelling, as Rust's own documentation";
const PLAIN: &str = "plain English";
const ACTOR: &str = "names the actor, in the active voice";

/// Words and phrases to replace.
pub(super) const WORDS: &[Entry] = &[
    // The field's words.
    all("sound|sounds", "audio", FIELD),
    all("film|films", "video", FIELD),
    all("picture|pictures", "frame (cover art for a cover)", FIELD),
    all("attack|attacks", "transient", FIELD),
    text("foreign", "third-party", FIELD),
    // Plain English.
    all("heed|heeds|heeded", "use, support", PLAIN),
    all("anew", "again; re-encode", PLAIN),
    text("served|serve|serves", "supported", PLAIN),
    text("to be had", "available", PLAIN),
    text("found whole", "read completely", PLAIN),
    text("let nothing|lets nothing", "no …", PLAIN),
    text("for want of", "because … is missing", PLAIN),
    text("as it comes", "unchanged, directly", PLAIN),
    text("what of", "the part of … that", PLAIN),
    text("house|rooms", "project, crate", PLAIN),
    text("of ours|of our own", "own, of this project", PLAIN),
    text("anybody|somebody|whoever", "the caller, a user, no …", ACTOR),
    text("tell|tells|telling", "state, report, determine", PLAIN),
    text("told|is told|are told|was told|were told", "reported, passed, stored", ACTOR),
    text("is to be|are to be|not to be|was to be|were to be", "must, should, will", ACTOR),
    text("not to be heard|to be heard", "trimmed; played", FIELD),
    text(
        "ffmpeg has it|torio has it|libav has it|x264 has it|standard has it|level has it|profile has it|\
         format has it|rate has it|layout has it|decoder has it|file has it|option has it",
        "as in …",
        PLAIN,
    ),
    text("by way of", "through", PLAIN),
    text("so many", "the number, `count`", PLAIN),
    text("for ever", "forever", PLAIN),
    text("nobody knows", "unknown", PLAIN),
    text("beside", "next to, compared with, besides", PLAIN),
    text("in front of", "before", PLAIN),
    text("mend|mended|mends|mending", "patch", FIELD),
    text("on its way|on their way", "not yet …, in flight", PLAIN),
    text("where there is|where there are|where there was|where none|where nothing", "if", PLAIN),
    text("frames a second|bits a second|bytes a second|samples a second", "per second", FIELD),
    text("bits a sample|bits a pixel|bytes a sample", "per", FIELD),
    text("loose|looser", "the measured quantity", FIELD),
    // Identifiers.
    name("apart", "Threaded", "searched for by the usual noun"),
    name("look", "analyze", "a verb for the action"),
    file("share", "chroma_subsample", "searched for by the usual noun"),
    file("lanes", "simd", "searched for by the usual noun"),
    // Spelling.
    all("colour", "color", AMERICAN),
    all("colours", "colors", AMERICAN),
    all("coloured", "colored", AMERICAN),
    all("behaviour|behaviours", "behavior", AMERICAN),
    all("grey|greys", "gray", AMERICAN),
    all("centre|centres|centred", "center", AMERICAN),
    all("licence|licences|licenced", "license", AMERICAN),
    all("neighbour|neighbours", "neighbor", AMERICAN),
    all("neighbouring", "neighboring", AMERICAN),
    all("initialise|initialises|initialised|initialising", "initialize", AMERICAN),
    all("serialise|serialises|serialised|serialising", "serialize", AMERICAN),
    all("normalise|normalises|normalised|normalising", "normalize", AMERICAN),
    all("renormalise|renormalises|renormalised", "renormalize", AMERICAN),
    all("quantise|quantises|quantised|quantiser", "quantize", AMERICAN),
    all("vectorise|vectorises|vectorised", "vectorize", AMERICAN),
    all("optimise|optimises|optimised|optimising", "optimize", AMERICAN),
    all("organise|organises|organised", "organize", AMERICAN),
    all("recognise|recognises|recognised", "recognize", AMERICAN),
    all("synchronise|synchronises|synchronised", "synchronize", AMERICAN),
    all("minimise|minimises|minimised|maximise|maximises|maximised", "-ize", AMERICAN),
    all("analyse|analyses|analysed|analysing", "analyze", AMERICAN),
    all("favour|favours|favourite", "favor", AMERICAN),
    all("honour|honours|honoured", "honor", AMERICAN),
    all("cancelled|cancelling", "canceled", AMERICAN),
    all("labelled|modelled|travelled|travelling|signalled|signalling", "one l", AMERICAN),
    all("artefact|artefacts", "artifact", AMERICAN),
    all("metre|metres", "meter", AMERICAN),
    all("catalogue|catalogues", "catalog", AMERICAN),
    all("whilst|amongst", "while, among", AMERICAN),
];

/// Phrases that are names, or meant literally, and the reason.
pub(super) const OUTSIDE_PHRASES: &[(&str, &str)] = &[
    ("sound exchange", "the name of SoX"),
    ("sound description", "a sample entry in QuickTime's specification"),
    ("sound media", "QuickTime's specification"),
    ("sound sample", "QuickTime's specification"),
    ("picture parameter set", "H.264's name"),
    ("picture order count", "H.264's name"),
    ("attached picture", "ID3's name"),
    ("metadata block picture", "FLAC's name"),
    ("picture timing", "H.264's name"),
    ("vorbis picture", "FLAC's name"),
    ("xtask licences", "the name of the command"),
    ("generic film", "H.273's name for color primaries"),
    ("colour primaries", "a field of the crate mp4-atom"),
    ("foreign array", "the name of a crate"),
];

/// Beginnings of paths, words that may be used in these files, and the reason.
pub(super) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("crates/encoders/h264/src/coder", "picture|pictures", "H.264's term"),
    ("crates/encoders/h264/src/options.rs", "film", "x264's name for a tune"),
    ("crates/muxers/ogg/src/headers.rs", "picture", "FLAC's block type"),
    ("crates/muxers/flv/src/track.rs", "sound", "FLV's name of audio tags"),
    ("crates/muxers/flac/src", "picture", "FLAC's block type"),
    ("crates/muxers/mp3/src/id3.rs", "picture", "ID3's frame type"),
    ("crates/muxers/mp3/tests/mp3.rs", "picture|pictures", "names of the crate id3"),
    ("crates/encoders/av1/src/config.rs", "film", "H.273's name for color primaries"),
    ("crates/python/python/reelwright", "picture", "the name of a public argument"),
    ("crates/core/src/color.rs", "film", "H.273's name for color primaries"),
    ("crates/core/src/cover_art.rs", "picture", "FLAC's block type"),
    ("crates/core/src/h264", "picture|pictures", "H.264's term"),
    ("crates/core/src/option_value.rs", "film", "FFmpeg's name for a size"),
    ("crates/python/src/destination.rs", "tell", "a method of Python's files"),
    ("crates/reader/src/av1.rs", "picture", "the name of a type in rusty_av1d"),
    ("crates/reader/src/matroska/codecs.rs", "grey", "a FourCC"),
    ("xtask/src/main.rs", "licences", "the name of the command"),
    ("xtask/src/licences.rs", "licence|licences", "file names and the name of the command"),
];

/// Beginnings of paths that are not checked, because they quote the words.
pub(super) const SKIPPED: &[&str] = &["xtask/src/words"];
