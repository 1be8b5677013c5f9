using System;

namespace Hypervisor.Core.Diagnostics;

/// <summary>The log: whole lines of text in one block of memory, the newest kept, the oldest overwritten.</summary>
/// <remarks>
/// <para>One line, ASCII: <c>TTTTTTTTTTTTTTTT PPPP L text\n</c>, with the time-stamp counter (16 hexadecimal digits), the processor (4
/// hexadecimal digits), the level (a letter of <see cref="LogLevel"/>) and the text. Control characters and bytes above 0x7E in the text
/// become '?', so a line never breaks.</para>
/// <para>The block describes itself, so that a memory dump is readable without the VMM: 32 bytes of header, little-endian (magic, bytes of
/// text area, position of the oldest byte, position behind the newest), then the text area. Positions count all bytes ever written; modulo
/// the area they are offsets.</para>
/// <para>Writers exclude each other by the log's lock, which is the caller's. A reader that does not take it may find a line torn, never an
/// access outside the block.</para>
/// </remarks>
public readonly ref struct LogRing
{
    /// <summary>Least size of a block in bytes.</summary>
    public const int MinimumBlockSize = 1024;

    /// <summary>Longest line in bytes, line feed included; longer texts are cut off.</summary>
    public const int MaximumLineLength = 256;

    // "HVLOGRNG", read as bytes.
    private const ulong Magic = 0x474E_5247_4F4C_5648;
    private const int HeaderSize = 32;
    private const int MagicOffset = 0;
    private const int CapacityOffset = 8;
    private const int OldestOffset = 16;
    private const int NewestOffset = 24;
    private const int BitsPerByte = 8;
    private const int TimeDigits = 16;
    private const int ProcessorDigits = 4;
    private const int BitsPerHexDigit = 4;
    private const int PrefixLength = TimeDigits + 1 + ProcessorDigits + 1 + 1 + 1;
    private const int MaximumTextLength = MaximumLineLength - PrefixLength - 1;
    private const byte Separator = (byte)' ';
    private const byte LineFeed = (byte)'\n';
    private const byte FirstPrintable = 0x20;
    private const byte LastPrintable = 0x7E;

    private readonly Span<byte> _block;

    private LogRing(Span<byte> block)
    {
        _block = block;
    }

    /// <summary>Makes an empty log in a block of memory.</summary>
    /// <param name="block">The block; its old contents are lost. Smaller than <see cref="MinimumBlockSize"/> gives a log that keeps
    /// nothing.</param>
    /// <returns>The log.</returns>
    public static LogRing Create(Span<byte> block)
    {
        if (block.Length < MinimumBlockSize)
        {
            return default;
        }

        LogRing ring = new(block);
        ring.Write(CapacityOffset, (ulong)(block.Length - HeaderSize));
        ring.Write(OldestOffset, 0);
        ring.Write(NewestOffset, 0);
        ring.Write(MagicOffset, Magic);
        return ring;
    }

    /// <summary>Finds the log that <see cref="Create"/> made in a block of memory.</summary>
    /// <param name="block">The same block.</param>
    /// <returns>The log; one that keeps nothing where the header is not one.</returns>
    public static LogRing Open(Span<byte> block)
    {
        if (block.Length < MinimumBlockSize)
        {
            return default;
        }

        LogRing ring = new(block);
        bool isValid = ring.Read(MagicOffset) == Magic
            && ring.Read(CapacityOffset) == (ulong)(block.Length - HeaderSize)
            && ring.Oldest <= ring.Newest
            && ring.Newest - ring.Oldest <= ring.Read(CapacityOffset);
        return isValid ? ring : default;
    }

    /// <summary>There is a block behind this log.</summary>
    public bool IsUsable => !_block.IsEmpty;

    /// <summary>Position of the oldest line that is still there: bytes ever written before it.</summary>
    public ulong Oldest => IsUsable ? Read(OldestOffset) : 0;

    /// <summary>Position behind the newest line: bytes ever written.</summary>
    public ulong Newest => IsUsable ? Read(NewestOffset) : 0;

    private Span<byte> Area => _block.Slice(HeaderSize);

    /// <summary>Adds a line.</summary>
    /// <param name="timeStamp">Time-stamp counter of the processor that logs.</param>
    /// <param name="processor">Its index; the line shows the low 16 bits.</param>
    /// <param name="level">How much it matters.</param>
    /// <param name="text">The text, without line feed.</param>
    public void Append(ulong timeStamp, uint processor, LogLevel level, ReadOnlySpan<byte> text)
    {
        if (!IsUsable)
        {
            return;
        }

        text = text.Slice(0, Math.Min(text.Length, MaximumTextLength));
        int length = PrefixLength + text.Length + 1;
        ulong newest = Newest;
        MakeRoom(newest, length);

        // Straight into the area: no copy, and no buffer on a small stack.
        int offset = PutHex(Offset(newest), timeStamp, TimeDigits);
        offset = Put(offset, Separator);
        offset = PutHex(offset, processor, ProcessorDigits);
        offset = Put(offset, Separator);
        offset = Put(offset, (byte)level);
        offset = Put(offset, Separator);
        for (int index = 0; index < text.Length; index++)
        {
            byte character = text[index];
            offset = Put(offset, character is >= FirstPrintable and <= LastPrintable ? character : (byte)'?');
        }

        Put(offset, LineFeed);
        Write(NewestOffset, newest + (ulong)length);
    }

    /// <summary>Copies text out, oldest first.</summary>
    /// <param name="position">Where to go on: 0, or what the last call returned. A position that has been overwritten moves to
    /// <see cref="Oldest"/>.</param>
    /// <param name="destination">Where to copy to; as much as fits and exists.</param>
    /// <param name="copied">Bytes copied; 0 where there is nothing new.</param>
    /// <returns>The position for the next call.</returns>
    public ulong CopyTo(ulong position, Span<byte> destination, out int copied)
    {
        copied = 0;
        ulong newest = Newest;
        if (!IsUsable || position >= newest)
        {
            return newest;
        }

        Span<byte> area = Area;
        position = Math.Max(position, Oldest);
        int offset = Offset(position);
        while (copied < destination.Length && position < newest)
        {
            destination[copied] = area[offset];
            copied++;
            position++;
            offset = Next(offset);
        }

        return position;
    }

    private void MakeRoom(ulong newest, int length)
    {
        Span<byte> area = Area;
        ulong oldest = Oldest;
        int offset = Offset(oldest);

        // Whole lines go: the oldest position always is the start of one.
        while (newest - oldest + (ulong)length > (ulong)area.Length)
        {
            bool isEnd = false;
            while (!isEnd && oldest < newest)
            {
                isEnd = area[offset] == LineFeed;
                offset = Next(offset);
                oldest++;
            }
        }

        Write(OldestOffset, oldest);
    }

    private int PutHex(int offset, ulong value, int digits)
    {
        for (int shift = (digits - 1) * BitsPerHexDigit; shift >= 0; shift -= BitsPerHexDigit)
        {
            offset = Put(offset, TextBuffer.HexDigits[(int)(value >> shift) & 0xF]);
        }

        return offset;
    }

    private int Put(int offset, byte value)
    {
        _block[HeaderSize + offset] = value;
        return Next(offset);
    }

    private int Offset(ulong position) => (int)(position % (ulong)Area.Length);

    private int Next(int offset) => offset + 1 == Area.Length ? 0 : offset + 1;

    private ulong Read(int offset)
    {
        ulong value = 0;
        for (int index = sizeof(ulong) - 1; index >= 0; index--)
        {
            value = (value << BitsPerByte) | _block[offset + index];
        }

        return value;
    }

    private void Write(int offset, ulong value)
    {
        for (int index = 0; index < sizeof(ulong); index++)
        {
            _block[offset + index] = (byte)(value >> (index * BitsPerByte));
        }
    }
}
