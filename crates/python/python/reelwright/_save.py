"""Whole files in one call, for who needs no stream."""

from __future__ import annotations

import io
import itertools
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from . import _reelwright
from ._encoder import CodecConfig, StreamingMediaEncoder
from ._errors import ArgumentError, ChunkError

if TYPE_CHECKING:
    from ._typing import Array, Destination, Options

_Axes = list[int | None]

# WAV and its kin keep what they are given; their default is 16 bits.
_PCM = {
    "u8": "pcm_u8",
    "s16": "pcm_s16le",
    "s32": "pcm_s32le",
    "s64": "pcm_s64le",
    "flt": "pcm_f32le",
    "dbl": "pcm_f64le",
}
_PCM_FORMATS = ("wav", "w64")
_MOST_CHANNELS = 16
_COLOURS = {1: "gray8", 3: "rgb24", 4: "rgb0"}


def save_audio(
    dst: Destination,
    samples: Array | Iterable[Array],
    sample_rate: int,
    *,
    format: str | None = None,
    channels_first: bool = False,
    encoder: str | None = None,
    encoder_option: Options | None = None,
    encoder_sample_rate: int | None = None,
    encoder_num_channels: int | None = None,
    encoder_format: str | None = None,
    codec_config: CodecConfig | None = None,
    metadata: Options | None = None,
) -> None:
    """Save sound as a file.

    Args:
        dst: A path, or a file-like object, as of :class:`reelwright.StreamingMediaEncoder`.
        samples: An array of shape (frame, channel), or (frame,) of one channel, or an iterable of
            such arrays, which follow each other. Of uint8, int16, int32, int64, float32 or float64
            (within ±1).
        sample_rate: Frames per second.
        format: Name of the format; the file's extension tells it unless given.
        channels_first: Whether the arrays have the shape (channel, frame), as those of
            ``torchaudio.save``.
        encoder: Name of the encoder; the format's default unless given. In WAV the samples are
            stored in their own type unless this or ``encoder_format`` says otherwise.
        encoder_option: Options of the encoder.
        encoder_sample_rate: The rate to encode at.
        encoder_num_channels: The channels to encode.
        encoder_format: The sample format to encode.
        codec_config: What all encoders can be told, for example a bit rate.
        metadata: What the file says of itself: ``{"title": "A tone"}``.

    Raises:
        reelwright.Error: As of :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_audio("noise.wav", np.random.uniform(-1, 1, (48000, 2)).astype("f4"), 48000)
    """
    chunks = _chunks(samples)
    first = next(chunks, None)
    if first is None:
        raise ArgumentError("There is nothing to save: `samples` has no array.")
    encoder_ = StreamingMediaEncoder(dst, format)
    if metadata is not None:
        encoder_.set_metadata(metadata)
    sound = _Sound(first, channels_first)
    if encoder is None and encoder_format is None and _format_of(dst, format) in _PCM_FORMATS:
        encoder = _PCM[sound.format]
    encoder_.add_audio_stream(
        sample_rate,
        sound.channels,
        sound.format,
        encoder=encoder,
        encoder_option=encoder_option,
        encoder_sample_rate=encoder_sample_rate,
        encoder_num_channels=encoder_num_channels,
        encoder_format=encoder_format,
        codec_config=codec_config,
    )
    with encoder_.open():
        for chunk in itertools.chain((first,), chunks):
            sound = _Sound(chunk, channels_first)
            encoder_._write_audio(0, chunk, sound.axes, (0, sound.frames))


def save_video(
    dst: Destination,
    frames: Array | Iterable[Array],
    frame_rate: float,
    *,
    format: str | None = None,
    pixel_format: str | None = None,
    channels_last: bool | None = None,
    encoder: str | None = None,
    encoder_option: Options | None = None,
    encoder_frame_rate: float | None = None,
    encoder_width: int | None = None,
    encoder_height: int | None = None,
    encoder_format: str | None = None,
    codec_config: CodecConfig | None = None,
    audio: Array | None = None,
    sample_rate: int | None = None,
    channels_first: bool = False,
    audio_encoder: str | None = None,
    audio_codec_config: CodecConfig | None = None,
    metadata: Options | None = None,
) -> None:
    """Save pictures as a file, with sound if there is some.

    Args:
        dst: A path, or a file-like object, as of :class:`reelwright.StreamingMediaEncoder`.
        frames: An array of uint8 of shape (frame, channel, height, width) or (frame, height,
            width, channel), or an iterable of such arrays or of single pictures, without the first
            dimension. An iterable is consumed picture by picture.
        frame_rate: Pictures per second.
        format: Name of the format; the file's extension tells it unless given.
        pixel_format: What the channels are. Unless given, 1 is ``"gray8"``, 3 are ``"rgb24"`` and
            4 are ``"rgb0"``, the last of which is not used.
        channels_last: Whether the channels are the last dimension. Unless given, the shape tells.
        encoder: Name of the video encoder; the format's default unless given.
        encoder_option: Options of the video encoder.
        encoder_frame_rate: Pictures per second to encode.
        encoder_width: Width to encode, in pixels.
        encoder_height: Height to encode, in pixels.
        encoder_format: The pixel format to encode.
        codec_config: What all encoders can be told, for example a bit rate.
        audio: Samples, as of :func:`save_audio`, which start with the first picture.
        sample_rate: Frames per second of ``audio``.
        channels_first: Whether ``audio`` has the shape (channel, frame).
        audio_encoder: Name of the audio encoder; the format's default unless given.
        audio_codec_config: What the audio encoder is told.
        metadata: What the file says of itself.

    Raises:
        reelwright.Error: As of :class:`reelwright.StreamingMediaEncoder`.

    >>> import numpy as np
    >>> save_video("grey.mp4", (np.full((3, 64, 64), i, "u1") for i in range(50)), 25)
    """
    chunks = _chunks(frames)
    first = next(chunks, None)
    if first is None:
        raise ArgumentError("There is nothing to save: `frames` has no array.")
    if (audio is None) != (sample_rate is None):
        raise ArgumentError("`audio` and `sample_rate` must be given together.")
    pictures = _Pictures(first, channels_last)
    encoder_ = StreamingMediaEncoder(dst, format)
    if metadata is not None:
        encoder_.set_metadata(metadata)
    video_stream = encoder_.add_video_stream(
        frame_rate,
        pictures.width,
        pictures.height,
        pixel_format or _COLOURS[pictures.channels],
        encoder=encoder,
        encoder_option=encoder_option,
        encoder_frame_rate=encoder_frame_rate,
        encoder_width=encoder_width,
        encoder_height=encoder_height,
        encoder_format=encoder_format,
        codec_config=codec_config,
    )
    sound = None
    audio_stream = 0
    if audio is not None and sample_rate is not None:
        sound = _Sound(audio, channels_first)
        audio_stream = encoder_.add_audio_stream(
            sample_rate,
            sound.channels,
            sound.format,
            encoder=audio_encoder,
            codec_config=audio_codec_config,
        )
    with encoder_.open():
        shown = heard = 0
        # About a second of each at a time, as what is ahead of the other has to wait in memory.
        step = max(1, int(frame_rate))
        for chunk in itertools.chain((first,), chunks):
            pictures = _Pictures(chunk, channels_last)
            for start in range(0, pictures.frames, step):
                end = min(start + step, pictures.frames)
                encoder_._write_video(video_stream, chunk, pictures.axes, (start, end))
                shown += end - start
                if audio is not None and sound is not None and sample_rate is not None:
                    until = max(heard, int(shown / frame_rate * sample_rate))
                    encoder_._write_audio(audio_stream, audio, sound.axes, (heard, until))
                    heard = until
        if audio is not None and sound is not None:
            encoder_._write_audio(audio_stream, audio, sound.axes, (heard, sound.frames))


def to_bytes(
    format: str,
    *,
    samples: Array | Iterable[Array] | None = None,
    sample_rate: int | None = None,
    frames: Array | Iterable[Array] | None = None,
    frame_rate: float | None = None,
    **options: object,
) -> bytes:
    """The bytes of a file, of sound, pictures or both.

    Args:
        format: Name of the format, for example ``"flac"`` or ``"mp4"``.
        samples: Sound, as of :func:`save_audio`; beside pictures it is one array.
        sample_rate: Frames of sound per second.
        frames: Pictures, as of :func:`save_video`.
        frame_rate: Pictures per second.
        options: What else :func:`save_audio` takes, or with pictures :func:`save_video`.

    >>> import numpy as np
    >>> to_bytes("flac", samples=np.zeros(16000, "i2"), sample_rate=16000)[:4]
    b'fLaC'
    """
    file = io.BytesIO()
    if frames is not None and frame_rate is not None:
        if samples is not None:
            options["audio"] = samples
        save_video(file, frames, frame_rate, format=format, sample_rate=sample_rate, **options)  # type: ignore[arg-type]
    elif samples is not None and sample_rate is not None and frames is None and frame_rate is None:
        save_audio(file, samples, sample_rate, format=format, **options)  # type: ignore[arg-type]
    else:
        raise ArgumentError(
            "Pass `samples` with `sample_rate`, `frames` with `frame_rate`, or all of them."
        )
    return file.getvalue()


def _is_array(value: object) -> bool:
    if hasattr(value, "__dlpack__") or hasattr(value, "__array_interface__"):
        return True
    try:
        memoryview(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _chunks(value: Array | Iterable[Array]) -> Iterator[Array]:
    if _is_array(value) or not isinstance(value, Iterable):
        return iter((value,))  # type: ignore[arg-type]
    return iter(value)


def _format_of(dst: Destination, format: str | None) -> str | None:
    if format is not None or not isinstance(dst, str | bytes | os.PathLike):
        return format
    return os.path.splitext(os.fsdecode(dst))[1].lower().lstrip(".")


class _Sound:
    """What an array of samples is, and which of its axes are frames and channels."""

    def __init__(self, samples: Array, channels_first: bool) -> None:
        self.format, shape = _reelwright.inspect(samples)
        self.axes: _Axes
        if len(shape) == 1:
            self.axes, self.frames, self.channels = [0, None], shape[0], 1
        elif len(shape) == 2:
            self.axes = [1, 0] if channels_first else [0, 1]
            self.frames, self.channels = reversed(shape) if channels_first else shape
            if self.channels > _MOST_CHANNELS and self.channels > self.frames:
                raise ChunkError(
                    f"Expected samples of shape {_order(channels_first)}. Found {list(shape)}, with "
                    f"{self.channels} channels. Pass channels_first={not channels_first} if it is "
                    f"{_order(not channels_first)}."
                )
        else:
            raise ChunkError(
                f"Expected samples of shape {_order(channels_first)} or (frame,). Found {list(shape)}"
            )


def _order(channels_first: bool) -> str:
    return "(channel, frame)" if channels_first else "(frame, channel)"


class _Pictures:
    """What an array of pictures is, and which of its axes are what."""

    def __init__(self, frames: Array, channels_last: bool | None) -> None:
        format, shape = _reelwright.inspect(frames)
        if format != "u8":
            raise ChunkError(
                f"Expected pictures of uint8. Found: {format}. Of values from 0 to 1 "
                "make (255 * frames).round().astype('uint8') of numpy, or "
                "(255 * frames).round().to(torch.uint8) of torch."
            )
        if len(shape) not in (3, 4):
            raise ChunkError(
                "Expected pictures of shape (frame, channel, height, width) or (frame, height, "
                f"width, channel), or one picture without the frame. Found {list(shape)}"
            )
        lead: _Axes = [None] if len(shape) == 3 else [0]
        self.frames = 1 if len(shape) == 3 else shape[0]
        at = len(shape) - 3
        if channels_last is None:
            channels_last = shape[at] not in _COLOURS and shape[-1] in _COLOURS
        rest: _Axes = [at + 2, at, at + 1] if channels_last else [at, at + 1, at + 2]
        self.axes = lead + rest
        self.channels, self.height, self.width = (shape[axis] for axis in rest if axis is not None)
        if self.channels not in _COLOURS:
            raise ChunkError(f"Expected pictures of 1, 3 or 4 channels. Found {list(shape)}")


for _function in (save_audio, save_video, to_bytes):
    _function.__module__ = "reelwright"
