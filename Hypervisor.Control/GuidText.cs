using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control;

/// <summary>GUIDs as text: 8BE4DF61-93CA-11D2-AA0D-00E098032B8C.</summary>
internal static class GuidText
{
    /// <summary>Characters of a GUID.</summary>
    public const int Length = 36;

    private const byte Dash = (byte)'-';
    private const byte ToLower = 'a' - 'A';

    /// <summary>The places of the dashes.</summary>
    private static bool IsDash(int at) => at is 8 or 13 or 18 or 23;

    /// <summary>Writes a GUID.</summary>
    /// <param name="guid">The GUID.</param>
    /// <param name="text">Where its <see cref="Length"/> characters go.</param>
    /// <param name="lower">Whether letters are small ones.</param>
    public static void Write(EfiGuid guid, Span<byte> text, bool lower)
    {
        TextBuffer buffer = new(text);
        buffer.AppendHex((uint)guid.Low, 8);
        buffer.AppendByte(Dash);
        buffer.AppendHex((ushort)(guid.Low >> 32), 4);
        buffer.AppendByte(Dash);
        buffer.AppendHex(guid.Low >> 48, 4);
        buffer.AppendByte(Dash);
        for (int i = 0; i < sizeof(ulong); i++)
        {
            buffer.AppendHex((byte)(guid.High >> (i * 8)), 2);
            if (i == 1)
            {
                buffer.AppendByte(Dash);
            }
        }

        for (int i = 0; lower && i < Length; i++)
        {
            text[i] += text[i] is >= (byte)'A' and <= (byte)'F' ? ToLower : (byte)0;
        }
    }

    /// <summary>Reads a GUID.</summary>
    /// <returns>False when the text is none.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out EfiGuid guid)
    {
        guid = default;
        if (text.Length != Length)
        {
            return false;
        }

        ulong high = 0;
        ulong first = 0;
        int digits = 0;
        for (int i = 0; i < Length; i++)
        {
            int digit = AsciiText.HexDigit(text[i]);
            if (IsDash(i) ? text[i] != Dash : digit < 0)
            {
                return false;
            }

            if (IsDash(i))
            {
                continue;
            }

            // 16 digits of numbers, then 16 of bytes.
            first = digits < 16 ? (first << 4) | (uint)digit : first;
            high = digits >= 16 ? (high << 4) | (uint)digit : high;
            digits++;
        }

        ulong low = (first >> 32) | ((first >> 16 & 0xFFFF) << 32) | ((first & 0xFFFF) << 48);
        ulong reversed = 0;
        for (int i = 0; i < sizeof(ulong); i++)
        {
            reversed = (reversed << 8) | (byte)(high >> (i * 8));
        }

        guid = new EfiGuid(low, reversed);
        return true;
    }
}
