using System;

namespace Hypervisor.Control.Platform.Linux;

/// <summary>Text that ends with a zero.</summary>
internal static unsafe class ZeroTerminated
{
    /// <summary>The text without its zero.</summary>
    public static ReadOnlySpan<byte> Span(byte* text)
    {
        int length = 0;
        while (text != null && text[length] != 0)
        {
            length++;
        }

        return new ReadOnlySpan<byte>(text, length);
    }
}
