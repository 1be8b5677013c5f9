using System;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Control;

/// <summary>The standard output, a line or a full buffer at a time.</summary>
internal static unsafe class Output<TPlatform>
    where TPlatform : struct, IPlatform
{
    private const byte Blank = (byte)' ';

    /// <summary>Writes text.</summary>
    public static void Text(ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int part = Math.Min(text.Length, OutputBuffer.Capacity - OutputBuffer.Length);
            fixed (byte* bytes = OutputBuffer.Storage.Bytes)
            {
                text.Slice(0, part).CopyTo(new Span<byte>(bytes + OutputBuffer.Length, part));
            }

            OutputBuffer.Length += part;
            text = text.Slice(part);
            if (OutputBuffer.Length == OutputBuffer.Capacity)
            {
                Flush();
            }
        }
    }

    /// <summary>Writes text, then blanks up to a width.</summary>
    public static void Padded(ReadOnlySpan<byte> text, int width)
    {
        Text(text);
        Blanks(width - text.Length);
    }

    /// <summary>Writes blanks.</summary>
    public static void Blanks(int count)
    {
        byte blank = Blank;
        for (int i = 0; i < count; i++)
        {
            Text(new ReadOnlySpan<byte>(&blank, 1));
        }
    }

    /// <summary>Writes a number, with blanks in front up to a width.</summary>
    public static void Decimal(ulong value, int width = 0)
    {
        Span<byte> storage = stackalloc byte[24];
        TextBuffer buffer = new(storage);
        buffer.AppendDecimal(value, width);
        Text(buffer.Written);
    }

    /// <summary>Writes a number in hexadecimal without a prefix.</summary>
    public static void Hex(ulong value, int digits = 1)
    {
        Span<byte> storage = stackalloc byte[TextBuffer.MaximumHexDigits];
        TextBuffer buffer = new(storage);
        buffer.AppendHex(value, digits);
        Text(buffer.Written);
    }

    /// <summary>Ends the line and lets it be seen.</summary>
    public static void EndLine()
    {
        Text("\n"u8);
        Flush();
    }

    /// <summary>Lets be seen what was written so far.</summary>
    public static void Flush()
    {
        fixed (byte* bytes = OutputBuffer.Storage.Bytes)
        {
            TPlatform.Write(new ReadOnlySpan<byte>(bytes, OutputBuffer.Length));
        }

        OutputBuffer.Length = 0;
    }
}
