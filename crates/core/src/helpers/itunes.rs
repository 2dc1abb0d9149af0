//! iTunes metadata items by FFmpeg's keys, for MP4 readers and writers.

/// Text items by FFmpeg's keys.
pub const TEXTS: &[(&str, &[u8; 4])] = &[
    ("title", b"\xa9nam"),
    ("artist", b"\xa9ART"),
    ("album_artist", b"aART"),
    ("composer", b"\xa9wrt"),
    ("album", b"\xa9alb"),
    ("date", b"\xa9day"),
    ("encoder", b"\xa9too"),
    ("comment", b"\xa9cmt"),
    ("genre", b"\xa9gen"),
    ("copyright", b"cprt"),
    ("grouping", b"\xa9grp"),
    ("lyrics", b"\xa9lyr"),
    ("description", b"desc"),
    ("synopsis", b"ldes"),
    ("show", b"tvsh"),
    ("episode_id", b"tven"),
    ("network", b"tvnn"),
    ("keywords", b"keyw"),
    ("sort_name", b"sonm"),
    ("sort_artist", b"soar"),
    ("sort_album_artist", b"soaa"),
    ("sort_album", b"soal"),
    ("sort_composer", b"soco"),
    ("sort_show", b"sosn"),
];

/// Number items by FFmpeg's keys, and their size in bytes.
pub const NUMBERS: &[(&str, &[u8; 4], usize)] = &[
    ("episode_sort", b"tves", 4),
    ("season_number", b"tvsn", 4),
    ("compilation", b"cpil", 1),
    ("gapless_playback", b"pgap", 1),
    ("hd_video", b"hdvd", 1),
    ("media_type", b"stik", 1),
    ("tempo", b"tmpo", 2),
];
