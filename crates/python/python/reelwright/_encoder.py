"""The encoder of media files, and common settings of codecs."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ._errors import StateError
from ._reelwright import Encoder
from ._warnings import caller

if TYPE_CHECKING:
    from collections.abc import Iterable
    from fractions import Fraction
    from types import TracebackType
    from typing import Self

    from ._typing import Destination, Options, ResampleQuality, ScaleFilter


@dataclass
class CodecConfig:
    """Common settings of all encoders. A warning reports settings that an encoder ignores.

    Args:
        bit_rate: Average bits per second.
        compression_level: Effort of compression, smaller is faster. The range depends on the
            encoder: 0 to 12 for flac, 0 to 9 for png.
        qscale: Constant quality instead of a bit rate. The range depends on the encoder: 0 (best)
            to 9 for mp3, -1 to 10 (best) for libvorbis, 1 (best) to 31 for mjpeg.
        gop_size: Number of frames from one keyframe to the next. 0 makes every frame a keyframe.
        max_b_frames: Maximum number of consecutive B-frames.

    A value of -1 or None selects the encoder's default.
    """

    bit_rate: int = -1
    compression_level: int = -1
    qscale: float | None = None
    gop_size: int = -1
    max_b_frames: int = -1


class StreamingMediaEncoder(Encoder):
    """Encode and write audio and video streams chunk by chunk.

    The order of calls: add streams, :meth:`open`, write chunks, :meth:`close`, which a ``with``
    statement does.

    Args:
        dst: Destination: a path, an address or a file-like object.

            - A ``str`` is a path, ``"-"`` or ``"pipe:1"`` (standard output), ``"pipe:N"`` (an open
              file descriptor) or ``"file:PATH"``. ``~`` is not expanded.
            - A path-like object is always a path.
            - An object with ``write(data: bytes) -> int``. If ``write`` returns less than
              ``len(data)``, the remaining bytes are written again. ``None`` and ``True`` mean that
              all bytes were written. Other values are errors. If the object has ``seek``, the start
              of the file is updated at the end. Otherwise, or if ``seek`` fails, the layout for
              streams is used. If other code moves the position of the object, the start of the
              file is not updated.
            - An ``fsspec.OpenFile`` for writing is opened and closed together with the encoder.
              After a failure it does not commit an empty object.
        format: Name of the format, one of :func:`reelwright.get_muxers`. The default depends on the
            file's extension. A file-like object requires it.
        buffer_size: Maximum number of bytes per call of ``write`` of a file-like object.

    Raises:
        UnknownNameError: The format is unknown.
        UnsupportedError: The protocol or device is not supported yet.

    >>> import io
    >>> file = io.BytesIO()
    >>> encoder = StreamingMediaEncoder(file, format="wav")
    >>> encoder.add_audio_stream(16000, 2, format="s16")
    0
    >>> with encoder.open():
    ...     encoder.write_audio_chunk(0, memoryview(bytes(8)).cast("h", [2, 2]))
    >>> file.getvalue()[:4]
    b'RIFF'
    """

    def __init__(
        self,
        dst: Destination,
        format: str | None = None,
        buffer_size: int = 4096,
    ) -> None:
        self._start(dst, format, buffer_size)
        self._name = dst if isinstance(dst, str) else type(dst).__name__
        if hasattr(dst, "__fspath__") and not hasattr(dst, "write"):
            self._name = str(dst)

    def add_audio_stream(
        self,
        sample_rate: int,
        num_channels: int,
        format: str = "flt",
        *,
        encoder: str | None = None,
        encoder_option: Options | None = None,
        encoder_sample_rate: int | None = None,
        encoder_num_channels: int | None = None,
        encoder_format: str | None = None,
        codec_config: CodecConfig | None = None,
        filter_desc: str | None = None,
        channel_layout: str | None = None,
        bits_per_raw_sample: int | None = None,
        resample_quality: ResampleQuality | None = None,
    ) -> int:
        """Add an audio stream. Its chunks have the shape (frame, ``num_channels``).

        Args:
            sample_rate: Frames per second of the chunks.
            num_channels: Channels of the chunks.
            format: The dtype of the chunks: ``"u8"`` (uint8), ``"s16"`` (int16), ``"s32"``
                (int32), ``"s64"`` (int64), ``"flt"`` (float32, within ±1) or ``"dbl"`` (float64).
            encoder: Name of the encoder, one of :func:`reelwright.get_audio_encoders`. The default
                depends on the format.
            encoder_option: Options of the encoder, see :func:`reelwright.get_encoder_options`.
            encoder_sample_rate: Sample rate to encode; the chunks are resampled. The default is
                ``sample_rate``, or the next higher rate that the encoder supports.
            encoder_num_channels: Number of channels to encode; the chunks are remixed. The default
                is ``num_channels``, or the supported number that keeps most of the channels.
            encoder_format: Sample format to encode, for example ``"s16"``. The default is the
                encoder's format with the smallest loss of precision.
            codec_config: Common settings of all encoders.
            filter_desc: Not supported yet.
            channel_layout: Layout of the channels, for example ``"5.1(side)"``. The default depends
                on their number.
            bits_per_raw_sample: Number of significant bits of integer samples, the highest ones.
            resample_quality: Quality of resampling.

        Returns:
            The stream's index, for :meth:`write_audio_chunk`.

        Raises:
            StateError: The output is already open.
            UnsupportedError: The format or the encoder does not support an argument. The message
                lists what it supports.
        """
        return self._add_audio_stream(
            {
                "sample_rate": sample_rate,
                "num_channels": num_channels,
                "format": format,
                "encoder": encoder,
                "encoder_option": encoder_option,
                "encoder_sample_rate": encoder_sample_rate,
                "encoder_num_channels": encoder_num_channels,
                "encoder_format": encoder_format,
                "codec_config": codec_config,
                "filter_desc": filter_desc,
                "channel_layout": channel_layout,
                "bits_per_raw_sample": bits_per_raw_sample,
                "resample_quality": resample_quality,
            }
        )

    def add_video_stream(
        self,
        frame_rate: float,
        width: int,
        height: int,
        format: str = "rgb24",
        *,
        encoder: str | None = None,
        encoder_option: Options | None = None,
        encoder_frame_rate: float | None = None,
        encoder_width: int | None = None,
        encoder_height: int | None = None,
        encoder_format: str | None = None,
        codec_config: CodecConfig | None = None,
        filter_desc: str | None = None,
        hw_accel: str | None = None,
        scale_filter: ScaleFilter | None = None,
        time_base: Fraction | tuple[int, int] | str | None = None,
    ) -> int:
        """Add a video stream. Its chunks have the shape (frame, channel, height, width).

        The dtype is uint8, or uint16 if the format has more than 8 bits.

        Args:
            frame_rate: Frames per second. Rates such as 30000/1001 are exact.
            width: Width of the chunks' frames, in pixels.
            height: Height of the chunks' frames, in pixels.
            format: Pixel format: ``"rgb24"``, ``"bgr24"``, ``"yuv444p"``, ``"gray8"``, or
                ``"rgb0"`` and ``"bgr0"``, which have 3 or 4 channels; the fourth is ignored. Not in
                torio: ``"rgba"``, ``"bgra"``, ``"ya8"``, ``"gbrp"``, ``"gbrap"`` and
                ``"yuva444p"`` with straight alpha; ``"gray10le"``, ``"gray12le"``,
                ``"gray16le"``, ``"ya16le"``, ``"rgb48le"``, ``"rgba64le"``, ``"gbrp10le"`` and
                ``"yuv444p10le"`` of uint16, in which only the lowest bits are used. For example,
                10-bit values are 0 to 1023.
            encoder: Name of the encoder, one of :func:`reelwright.get_video_encoders`. The default
                depends on the format.
            encoder_option: Options of the encoder, see :func:`reelwright.get_encoder_options`.
            encoder_frame_rate: Frames per second to encode; frames are repeated or dropped.
            encoder_width: Width to encode, in pixels; frames are scaled.
            encoder_height: Height to encode, in pixels; frames are scaled.
            encoder_format: Pixel format to encode, for example ``"yuv420p"``.
            codec_config: Common settings of all encoders.
            filter_desc: Not supported yet.
            hw_accel: Not supported yet.
            scale_filter: Filter for scaling frames. The default is ``"bicubic"``.
            time_base: Unit of the frames' times in seconds, for a variable frame rate: a
                ``Fraction``, a tuple or a string such as ``"1/90000"``. Each ``pts`` is rounded to
                this unit. Frames without a ``pts`` follow at ``frame_rate``. The default is
                1 / ``frame_rate``. (Not in torio.)

        Returns:
            The stream's index, for :meth:`write_video_chunk`.

        Raises:
            StateError: The output is already open.
            UnsupportedError: The format or the encoder does not support an argument. The message
                lists what it supports.
        """
        return self._add_video_stream(
            {
                "frame_rate": frame_rate,
                "width": width,
                "height": height,
                "format": format,
                "encoder": encoder,
                "encoder_option": encoder_option,
                "encoder_frame_rate": encoder_frame_rate,
                "encoder_width": encoder_width,
                "encoder_height": encoder_height,
                "encoder_format": encoder_format,
                "codec_config": codec_config,
                "filter_desc": filter_desc,
                "hw_accel": hw_accel,
                "scale_filter": scale_filter,
                "time_base": time_base,
            }
        )

    def add_packet_stream(
        self,
        codec: str,
        time_base: Fraction | tuple[int, int],
        *,
        extradata: bytes = b"",
        sample_rate: int | None = None,
        num_channels: int | None = None,
        channel_layout: str | None = None,
        bits_per_raw_sample: int | None = None,
        width: int | None = None,
        height: int | None = None,
        format: str | None = None,
        frame_rate: Fraction | tuple[int, int] | None = None,
        sample_aspect_ratio: Fraction | tuple[int, int] | None = None,
        color_primaries: str | None = None,
        color_trc: str | None = None,
        colorspace: str | None = None,
        color_range: str | None = None,
        chroma_sample_location: str | None = None,
        frame_size: int | None = None,
        bit_rate: int | None = None,
        language: str | None = None,
    ) -> int:
        """Add a stream of packets that were encoded elsewhere, for :meth:`write_packet`.

        Args:
            codec: FFmpeg's name of the codec: ``h264``, ``aac``, ``opus``, …
            time_base: Unit of the packets' times, in seconds.
            extradata: Configuration of the codec, as in MP4, PyAV and FFmpeg: avcC or parameter
                sets with start codes for ``h264``, AudioSpecificConfig for ``aac``, OpusHead for
                ``opus``, STREAMINFO for ``flac``, av1C for ``av1``. Other codecs have none.
            sample_rate: Sample rate of audio, in Hz.
            num_channels: Number of audio channels.
            channel_layout: Name of the channel layout. The default depends on ``num_channels``.
            bits_per_raw_sample: Significant bits of a sample, if the codec stores them.
            width: Width of video, in pixels.
            height: Height of video, in pixels.
            format: Pixel format of video, by default ``yuv420p``; sample format of audio.
            frame_rate: Nominal frames per second, if constant.
            sample_aspect_ratio: Width / height of a pixel.
            color_primaries: FFmpeg's name, such as ``bt709``. The default is unspecified.
            color_trc: FFmpeg's name. The default is unspecified.
            colorspace: FFmpeg's name. The default is unspecified.
            color_range: ``tv`` or ``pc``. The default is unspecified.
            chroma_sample_location: FFmpeg's name. The default is unspecified.
            frame_size: Number of samples of each packet but the last, if constant.
            bit_rate: Average bits per second, if known.
            language: ISO 639-2 code.

        Returns:
            The index of the stream.

        Raises:
            ArgumentError: An argument that the codec requires is missing.
            InvalidDataError: The extradata is not a valid configuration.
            UnsupportedError: The format does not support the codec.
        """

        def terms(ratio: Fraction | tuple[int, int] | None) -> tuple[int, int] | None:
            if ratio is None or isinstance(ratio, tuple):
                return ratio
            return ratio.numerator, ratio.denominator

        return self._add_packet_stream(
            {
                "codec": codec,
                "time_base": terms(time_base),
                "extradata": bytes(extradata),
                "sample_rate": sample_rate,
                "num_channels": num_channels,
                "channel_layout": channel_layout,
                "bits_per_raw_sample": bits_per_raw_sample,
                "width": width,
                "height": height,
                "format": format,
                "frame_rate": terms(frame_rate),
                "sample_aspect_ratio": terms(sample_aspect_ratio),
                "color_primaries": color_primaries,
                "color_trc": color_trc,
                "colorspace": colorspace,
                "color_range": color_range,
                "chroma_sample_location": chroma_sample_location,
                "frame_size": frame_size,
                "bit_rate": bit_rate,
                "language": language,
            }
        )

    def write_packet(
        self,
        i: int,
        data: bytes,
        pts: int,
        *,
        dts: int | None = None,
        duration: int = 0,
        is_keyframe: bool | None = None,
        trim: tuple[int, int] = (0, 0),
    ) -> None:
        """Write a packet to a stream of :meth:`add_packet_stream`.

        Args:
            i: Index of the stream.
            data: The packet, as an argument of ``bytes``. For ``h264``, NAL units with 4-byte
                lengths or start codes; for ``aac``, without an ADTS header.
            pts: Presentation timestamp, in units of the stream's ``time_base``. Content before 0
                is decoded and not presented.
            dts: Decoding timestamp, by default ``pts``. It must increase from packet to packet.
            duration: Duration; 0 for a video frame that is shown until the next one.
            is_keyframe: True if decoding can start here. The default is true; for ``h264`` with
                start codes, it depends on the frame.
            trim: Numbers of samples that decoders drop from the start and from the end.

        Raises:
            ChunkError: The times or the data are invalid. The packet was not written, and the next
                packet can be written.
            StateError: The output is not open, or another thread is using the encoder.
            OutputError: Writing failed.
        """
        times = (pts, pts if dts is None else dts, duration)
        self._write_packet(i, bytes(data), times, is_keyframe, trim)

    def add_subtitle_stream(
        self,
        codec: str | None = None,
        *,
        language: str | None = None,
        header: str | None = None,
    ) -> int:
        """Add a subtitle stream. Only MP4 and related formats support it.

        Args:
            codec: ``"mov_text"`` or ``"webvtt"``. The default depends on the format.
            language: ISO 639-2 code, such as ``"eng"``.
            header: Text of a WebVTT file before its first cue, with its styles and regions.

        Returns:
            The index of the stream.

        Raises:
            StateError: The output is already open.
            UnsupportedError: The format does not support subtitles, the codec, or another stream.
            UnknownNameError: The codec is unknown.
            ArgumentError: The language or the header is invalid.
        """
        return self._add_subtitle_stream(codec, language, header)

    def write_subtitle(self, i: int, start: float, end: float, text: str) -> None:
        """Write a subtitle.

        Other streams do not wait for subtitles: write each subtitle before the other streams pass
        its start, or write all of them first. Overlapping subtitles are shown together; in
        ``mov_text``, each has its own line.

        Args:
            i: Index of the stream.
            start: Start in seconds, rounded to milliseconds; not before the last subtitle's start.
            end: End in seconds. A subtitle is shown for at least one millisecond.
            text: Text, which may have several lines. The tags ``<b>``, ``<i>`` and ``<u>`` mark
                bold, italic and underlined text; other characters are literal.

        Raises:
            ArgumentError: The times are out of order or not finite, or the text is too long (for
                ``mov_text``, more than 65,535 bytes). The subtitle was not written, and the next
                one can be written.
            StateError: The output is not open, or another thread is using the encoder.
            OutputError: Writing failed.

        >>> import io
        >>> encoder = StreamingMediaEncoder(io.BytesIO(), format="mp4")
        >>> encoder.add_subtitle_stream(language="eng")
        0
        >>> with encoder.open():
        ...     encoder.write_subtitle(0, 1.5, 3.0, "Hello, <i>world</i>")
        """
        self._write_subtitle(i, start, end, text)

    def set_chapters(self, chapters: Iterable[tuple[float, float | None, str]]) -> None:
        """Set the chapters. Replaces all earlier chapters.

        MP4, QuickTime, MP3, Ogg and FLAC store chapters. Other formats ignore them, with a
        warning. Only MP3 stores an end before the start of the next chapter. Ogg and FLAC store no
        ends: a chapter lasts until the next one.

        Args:
            chapters: Start and end in seconds, and title of each, in order. ``None`` as the end
                means the start of the next chapter, or the end of the media.

        Raises:
            StateError: The output is already open.
            ArgumentError: Chapters overlap, are not in order, or end before they start.

        >>> import io
        >>> encoder = StreamingMediaEncoder(io.BytesIO(), format="mp3")
        >>> encoder.set_chapters([(0, 61.5, "Prologue"), (61.5, None, "The harbor")])
        """
        self._set_chapters(list(chapters))

    def set_metadata(self, metadata: Options) -> None:
        """Set the metadata of the file. Replaces all earlier metadata.

        Args:
            metadata: FFmpeg's keys: ``title``, ``artist``, ``album``, ``date``, ``comment``,
                ``genre``, ``track``, …

        Raises:
            StateError: The output is already open.
        """
        self._set_metadata(metadata)

    def set_cover(self, picture: bytes) -> None:
        """Set the cover art.

        Args:
            picture: The bytes of a JPEG, PNG or GIF file.

        Raises:
            StateError: The output is already open.
            ArgumentError: The bytes are not an image in one of these formats.
        """
        self._set_cover(picture)

    def open(self, option: Options | None = None) -> Self:
        """Open the output and write the header. An existing file is truncated.

        Args:
            option: Options of the format, see :func:`reelwright.get_muxer_options`.

        Returns:
            The encoder itself, for a ``with`` statement. Opening an open encoder does nothing.

        Raises:
            OptionError: An option is unknown, or its value is invalid.
            OutputError: The output cannot be opened.
        """
        if option or not self._is_open():
            self._open(option)
        return self

    def __enter__(self) -> Self:
        """Return the encoder, which should already be open."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the encoder. Raises nothing if another exception is propagating."""
        if exception_value is None:
            self.close()
            return
        has_failed = self._has_failed()
        try:
            self.close()
        except StateError:
            # The encoder was never open, which the propagating exception reports.
            pass
        except Exception as error:
            if has_failed:
                # The propagating exception is the failure.
                return
            if isinstance(exception_value, GeneratorExit | SystemExit):
                # These are not errors, and their notes would not be shown.
                raise
            exception_value.add_note(f"Closing {self!r} failed, too: {error}")

    def __del__(self) -> None:
        # `__init__` may have failed.
        if not getattr(self, "_name", None) or not self._is_unfinished():
            return
        message = f"{self!r} was not closed. The file is completed now."
        try:
            warnings.warn(message, ResourceWarning, stacklevel=caller(), source=self)
        finally:
            self._complete()

    def _complete(self) -> None:
        """Complete a file that was not closed. Errors are logged, because they cannot be raised."""
        try:
            if self._was_interrupted():
                # After an interrupt, pending frames are not encoded.
                self._abandon()
            else:
                self._close_or_abandon()
        except Exception as error:
            import logging

            # Python already warns about an unclosed file object, so this error is only a detail.
            level = logging.DEBUG if isinstance(error, ValueError) else logging.ERROR
            logging.getLogger("reelwright").log(level, "%r is incomplete: %s", self, error)

    def _close_or_abandon(self) -> None:
        """Close, or abandon the file if a signal handler raises an exception."""
        try:
            self.close()
        except Exception:
            raise
        except BaseException:
            self._abandon()
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {getattr(self, '_name', 'nothing')!r}>"


StreamWriter = StreamingMediaEncoder
"""Alias of :class:`StreamingMediaEncoder`."""

for _class in (CodecConfig, StreamingMediaEncoder):
    _class.__module__ = "reelwright"
