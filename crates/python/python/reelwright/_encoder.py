"""The encoder of media files, and what encoders can be told."""

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
    """What all encoders can be told in the same way. What an encoder does not heed is warned of.

    Args:
        bit_rate: Average bits per second.
        compression_level: How hard to try, where smaller is faster; the range is the encoder's: 0
            to 12 of flac, 0 to 9 of png.
        qscale: Constant quality instead of a bit rate; the range is the encoder's: 0 (best) to 9
            of mp3, -1 to 10 (best) of libvorbis, 1 (best) to 31 of mjpeg.
        gop_size: Pictures from one keyframe to the next; 0 makes each one a keyframe.
        max_b_frames: The most B-frames in a row.

    What is -1, or None, is the encoder's default.
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
        dst: Where to write: a path, an address or a file-like object.

            - A ``str`` is a path, ``"-"`` or ``"pipe:1"`` (standard output), ``"pipe:N"`` (an open
              file descriptor) or ``"file:PATH"``. ``~`` is not expanded.
            - A path-like object is always a path.
            - An object with ``write(data: bytes) -> int`` is handed the bytes. What ``write``
              returns less than ``len(data)`` is written again; ``None`` and ``True`` are taken for
              all, and anything else is an error. If it has ``seek`` too, what is only known at the
              end goes to the start of the file; without, or where ``seek`` does not work, the
              format's layout for streams is written. Where something else moves the object before
              the end, nothing that was written is changed any more.
            - An ``fsspec.OpenFile`` for writing is opened with the encoder, and closed with it.
              After a failure it commits no empty object.
        format: Name of the format, one of :func:`reelwright.get_muxers`. Without it the file's
            extension tells; a file-like object needs it.
        buffer_size: The most bytes that ``write`` of a file-like object is handed at a time.

    Raises:
        UnknownNameError: There is no such format.
        UnsupportedError: The protocol or device is not there yet.

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
            encoder: Name of the encoder, one of :func:`reelwright.get_audio_encoders`. The
                format's default unless given.
            encoder_option: Options of the encoder, see :func:`reelwright.get_encoder_options`.
            encoder_sample_rate: The rate to encode at; the chunks are resampled. Unless given, it
                is their own, or the nearest above it that the encoder takes.
            encoder_num_channels: The channels to encode; the chunks are remixed. Unless given, it
                is their own, or what the encoder takes that keeps most of them.
            encoder_format: The sample format to encode, for example ``"s16"``. Unless given, it
                is the one of the encoder's that loses least.
            codec_config: What all encoders can be told.
            filter_desc: Not served yet.
            channel_layout: Which loudspeakers the channels are for, for example ``"5.1(side)"``.
                The usual ones for their number unless given.
            bits_per_raw_sample: How many bits of integer samples carry sound, the highest ones.
            resample_quality: How carefully chunks are resampled, where they are.

        Returns:
            The stream's index, for :meth:`write_audio_chunk`.

        Raises:
            StateError: The output is open already.
            UnsupportedError: The format or the encoder does not take this. The message says what
                it takes.
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

        They are uint8, or uint16 if the format has more than 8 bits.

        Args:
            frame_rate: Frames per second. 30000/1001 and the like are kept exactly.
            width: Width of the chunks' pictures, in pixels.
            height: Height of the chunks' pictures, in pixels.
            format: What the channels are: ``"rgb24"``, ``"bgr24"``, ``"yuv444p"``, ``"gray8"``, or
                ``"rgb0"`` and ``"bgr0"``, which have 3 or 4, the last of which is ignored. Not in
                torio: ``"rgba"``, ``"bgra"``, ``"ya8"``, ``"gbrp"``, ``"gbrap"`` and
                ``"yuva444p"`` with straight alpha; ``"gray10le"``, ``"gray12le"``,
                ``"gray16le"``, ``"ya16le"``, ``"rgb48le"``, ``"rgba64le"``, ``"gbrp10le"`` and
                ``"yuv444p10le"`` of uint16, whose values end at the format's bits.
            encoder: Name of the encoder, one of :func:`reelwright.get_video_encoders`. The
                format's default unless given.
            encoder_option: Options of the encoder, see :func:`reelwright.get_encoder_options`.
            encoder_frame_rate: Pictures per second to encode; pictures are repeated or dropped.
            encoder_width: Width to encode, in pixels; pictures are scaled.
            encoder_height: Height to encode, in pixels; pictures are scaled.
            encoder_format: The pixel format to encode, for example ``"yuv420p"``.
            codec_config: What all encoders can be told.
            filter_desc: Not served yet.
            hw_accel: Not served yet.
            scale_filter: How pictures are scaled, where they are; ``"bicubic"`` unless given.
            time_base: The unit of the frames' times in seconds, for a variable frame rate: a
                ``Fraction``, a tuple or text, as ``"1/90000"``. Each ``pts`` is rounded to it,
                while frames without one follow at ``frame_rate``. Unless given, it is
                1 / ``frame_rate``. (Not in torio.)

        Returns:
            The stream's index, for :meth:`write_video_chunk`.

        Raises:
            StateError: The output is open already.
            UnsupportedError: The format or the encoder does not take this. The message says what
                it takes.
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
        """Add a stream whose packets come from elsewhere, with :meth:`write_packet`.

        Args:
            codec: Name of the codec, FFmpeg's: ``h264``, ``aac``, ``opus``, …
            time_base: The unit of the packets' times, in seconds.
            extradata: The codec's configuration, as MP4, PyAV and FFmpeg keep it: of ``h264`` avcC or
                parameter sets with start codes, of ``aac`` an AudioSpecificConfig, of ``opus``
                OpusHead, of ``flac`` STREAMINFO, of ``av1`` av1C. Others have none.
            sample_rate: Of audio, in Hz.
            num_channels: Of audio.
            channel_layout: Name of the layout, where it is not the usual one of so many channels.
            bits_per_raw_sample: Bits of a sample that carry audio, where the codec keeps them.
            width: Of video, in pixels.
            height: Of video, in pixels.
            format: Pixel format of video, ``yuv420p`` unless set; sample format of audio.
            frame_rate: Nominal frames per second, if they are steady.
            sample_aspect_ratio: Width / height of a pixel.
            color_primaries: FFmpeg's name, as ``bt709``; not known unless set.
            color_trc: As ``color_primaries``.
            colorspace: As ``color_primaries``.
            color_range: As ``color_primaries``: ``tv`` or ``pc``.
            chroma_sample_location: As ``color_primaries``.
            frame_size: Samples of each packet but the last, where that is a constant.
            bit_rate: Average bits per second, if they are known.
            language: ISO 639-2 code.

        Returns:
            The index of the stream.

        Raises:
            ArgumentError: Something that the codec needs is missing.
            InvalidDataError: The extradata is no such configuration.
            UnsupportedError: The format does not take the codec.
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
            data: The packet, or anything that ``bytes`` takes. Of ``h264`` NAL units after their
                lengths in 4 bytes, or with start codes; of ``aac`` without an ADTS header.
            pts: When it is heard or shown, in units of the stream's ``time_base``. What comes before 0
                is decoded and not presented.
            dts: When it is decoded; ``pts`` unless set. It increases from packet to packet.
            duration: How long it lasts; 0 for a picture that lasts until the next one.
            is_keyframe: Whether decoding can start here. Unless set, true, and of ``h264`` with start
                codes what the picture says.
            trim: Samples that decoders drop from its start and from its end.

        Raises:
            ChunkError: The times or the form do not fit. Nothing of the packet was written, and the
                next one can be.
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
        """Add a subtitle stream, of MP4 and formats like it.

        Args:
            codec: ``"mov_text"`` or ``"webvtt"``. The format's default unless given.
            language: Code of ISO 639-2, such as ``"eng"``.
            header: Text of a WebVTT file before its first cue, with its styles and regions.

        Returns:
            The index of the stream.

        Raises:
            StateError: The output is open already.
            UnsupportedError: The format does not take subtitles, the codec, or another stream.
            UnknownNameError: There is no such codec.
            ArgumentError: The language or the header is none.
        """
        return self._add_subtitle_stream(codec, language, header)

    def write_subtitle(self, i: int, start: float, end: float, text: str) -> None:
        """Write a subtitle.

        No other stream waits for subtitles: write each before the other streams pass its start,
        or all of them first. Subtitles that overlap are shown together, in ``mov_text`` with a
        line for each.

        Args:
            i: Index of the stream.
            start: Time of its start in seconds, rounded to milliseconds; not before that of the
                last subtitle.
            end: Time of its end. A subtitle is shown for a millisecond at least.
            text: Its lines. ``<b>``, ``<i>`` and ``<u>`` and their end tags make it bold, italic
                or underlined; everything else stands for itself.

        Raises:
            ArgumentError: The times are out of order or not finite, or the text is too long, for
                ``mov_text`` more than 65,535 bytes. Nothing was written, and the next one can be.
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
        """Set the chapters; replaces all that were set before.

        MP4, QuickTime, MP3, Ogg and FLAC have chapters; other formats leave them out, with a
        warning. Only MP3 stores an end that is before the start of the next chapter, and Ogg and
        FLAC store no ends: a chapter lasts until the next one then.

        Args:
            chapters: Start and end in seconds, and title of each, in order. An end of ``None`` is
                the start of the next one, or the end of the media.

        Raises:
            StateError: The output is open already.
            ArgumentError: Chapters overlap, are not in order, or end before they start.

        >>> import io
        >>> encoder = StreamingMediaEncoder(io.BytesIO(), format="mp3")
        >>> encoder.set_chapters([(0, 61.5, "Prologue"), (61.5, None, "The harbor")])
        """
        self._set_chapters(list(chapters))

    def set_metadata(self, metadata: Options) -> None:
        """Set what the file says of itself; replaces all that was set before.

        Args:
            metadata: Keys are FFmpeg's: ``title``, ``artist``, ``album``, ``date``, ``comment``,
                ``genre``, ``track``, …

        Raises:
            StateError: The output is open already.
        """
        self._set_metadata(metadata)

    def set_cover(self, picture: bytes) -> None:
        """Set the picture that players show.

        Args:
            picture: The bytes of a JPEG, PNG or GIF file.

        Raises:
            StateError: The output is open already.
            ArgumentError: It is no such picture.
        """
        self._set_cover(picture)

    def open(self, option: Options | None = None) -> Self:
        """Open the output and write the header. A file is emptied.

        Args:
            option: Options of the format, see :func:`reelwright.get_muxer_options`.

        Returns:
            The encoder itself, for a ``with`` statement. Opening an open encoder does nothing.

        Raises:
            OptionError: An option that nobody takes, or a wrong value.
            OutputError: The output cannot be opened.
        """
        if option or not self._is_open():
            self._open(option)
        return self

    def __enter__(self) -> Self:
        """The encoder itself, which should be open by now."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the encoder. While an error is on its way nothing else is raised."""
        if exception_value is None:
            self.close()
            return
        has_failed = self._has_failed()
        try:
            self.close()
        except StateError:
            # It was never open: that is what is on its way.
            pass
        except Exception as error:
            if has_failed:
                # The failure is what is on its way.
                return
            if isinstance(exception_value, GeneratorExit | SystemExit):
                # It is no error, and nobody would read its notes.
                raise
            exception_value.add_note(f"Closing {self!r} failed, too: {error}")

    def __del__(self) -> None:
        # Nothing to do where there never was an encoder.
        if not getattr(self, "_name", None) or not self._is_unfinished():
            return
        message = f"{self!r} was not closed; what was written to it is completed now."
        try:
            warnings.warn(message, ResourceWarning, stacklevel=caller(), source=self)
        finally:
            self._complete()

    def _complete(self) -> None:
        """Complete a file that nobody closed. There is nobody to raise an error to."""
        try:
            if self._was_interrupted():
                # Whoever interrupted does not wait for encoders.
                self._abandon()
            else:
                self._close_or_abandon()
        except Exception as error:
            import logging

            # A file object that was closed first is said to be unclosed already.
            level = logging.DEBUG if isinstance(error, ValueError) else logging.ERROR
            logging.getLogger("reelwright").log(level, "%r is incomplete: %s", self, error)

    def _close_or_abandon(self) -> None:
        """Close, but abandon the file where a signal's handler raises meanwhile."""
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
"""The older name of :class:`StreamingMediaEncoder`."""

for _class in (CodecConfig, StreamingMediaEncoder):
    _class.__module__ = "reelwright"
