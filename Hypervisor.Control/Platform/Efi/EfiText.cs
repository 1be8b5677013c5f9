using System;

namespace Hypervisor.Control.Platform.Efi;

/// <summary>Text to and from UTF-16. What is not ASCII becomes '?'.</summary>
internal static unsafe class EfiText
{
    private const char LastAscii = (char)0x7E;

    /// <summary>Writes zero-terminated UTF-16; what does not fit is cut off.</summary>
    public static void Widen(ReadOnlySpan<byte> text, char* wide, int capacity)
    {
        int length = Math.Min(text.Length, capacity - 1);
        for (int i = 0; i < length; i++)
        {
            wide[i] = (char)text[i];
        }

        wide[length] = '\0';
    }

    /// <summary>Reads zero-terminated UTF-16.</summary>
    /// <returns>Its length; more than the room when it does not fit.</returns>
    public static int Narrow(char* wide, Span<byte> text)
    {
        int length = 0;
        for (; wide[length] != 0; length++)
        {
            if (length == text.Length)
            {
                return length + 1;
            }

            text[length] = wide[length] <= LastAscii ? (byte)wide[length] : (byte)'?';
        }

        return length;
    }
}
