using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>Reads a <see cref="PciMatch"/> from the configuration: <c>[SSSS:]BB:DD.F</c>, <c>VVVV:DDDD</c> or <c>class CCSS[PP]</c>, all hexadecimal.</summary>
internal static class PciMatchReader
{
    private const int MaximumDevice = 0x1F;
    private const int MaximumFunction = 7;
    private const int DigitBits = 4;

    /// <summary>What is accepted, for messages.</summary>
    internal static ReadOnlySpan<byte> Forms => "a list of [SSSS:]BB:DD.F, VVVV:DDDD and class CCSS or CCSSPP, in hexadecimal, at most 16"u8;

    /// <summary>Reads one.</summary>
    /// <returns>False when it is none.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> text, out PciMatch match)
    {
        ReadOnlySpan<byte> word = "class "u8;
        if (text.Length > word.Length && text.Slice(0, word.Length).SequenceEqual(word))
        {
            return TryReadClass(Trim(text.Slice(word.Length)), out match);
        }

        if (text.IndexOf((byte)'.') < 0)
        {
            return TryReadDevice(text, out match);
        }

        bool isAddress = TryReadAddress(text, out PciAddress address);
        match = isAddress ? PciMatch.At(address) : default;
        return isAddress;
    }

    /// <summary>Text without blanks around it.</summary>
    internal static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (text.Length != 0 && text[0] <= (byte)' ')
        {
            text = text.Slice(1);
        }

        while (text.Length != 0 && text[text.Length - 1] <= (byte)' ')
        {
            text = text.Slice(0, text.Length - 1);
        }

        return text;
    }

    private static bool TryReadClass(ReadOnlySpan<byte> digits, out PciMatch match)
    {
        const int withSubclass = 4;
        const int withInterface = 6;
        match = default;
        if (digits.Length is not (withSubclass or withInterface) || !TryReadNumber(digits, out uint value))
        {
            return false;
        }

        match = digits.Length == withSubclass ? PciMatch.Class((ushort)value) : PciMatch.Interface(value);
        return true;
    }

    private static bool TryReadDevice(ReadOnlySpan<byte> text, out PciMatch match)
    {
        const int digits = 4;
        match = default;
        if (text.Length != (2 * digits) + 1 || text[digits] != ':'
            || !TryReadNumber(text.Slice(0, digits), out uint vendor) || !TryReadNumber(text.Slice(digits + 1), out uint device))
        {
            return false;
        }

        match = PciMatch.Device((ushort)vendor, (ushort)device);
        return new PciIdentity(vendor, device).IsSomebody;
    }

    /// <summary>Reads an address: <c>[SSSS:]BB:DD.F</c>.</summary>
    internal static bool TryReadAddress(ReadOnlySpan<byte> text, out PciAddress address)
    {
        const int segmentPart = 5;
        const int shortForm = 7;
        uint segment = 0;
        address = default;
        if (text.Length == segmentPart + shortForm)
        {
            if (text[segmentPart - 1] != ':' || !TryReadNumber(text.Slice(0, segmentPart - 1), out segment))
            {
                return false;
            }

            text = text.Slice(segmentPart);
        }

        if (text.Length != shortForm || text[2] != ':' || text[5] != '.' || !TryReadNumber(text.Slice(0, 2), out uint bus)
            || !TryReadNumber(text.Slice(3, 2), out uint device) || !TryReadNumber(text.Slice(6), out uint function)
            || device > MaximumDevice || function > MaximumFunction)
        {
            return false;
        }

        address = new PciAddress((int)segment, (int)bus, (int)device, (int)function);
        return true;
    }

    private static bool TryReadNumber(ReadOnlySpan<byte> digits, out uint value)
    {
        value = 0;
        for (int i = 0; i < digits.Length; i++)
        {
            byte digit = digits[i];
            int number = digit is >= (byte)'0' and <= (byte)'9' ? digit - '0'
                : digit is >= (byte)'a' and <= (byte)'f' ? digit - 'a' + 10
                : digit is >= (byte)'A' and <= (byte)'F' ? digit - 'A' + 10
                : -1;
            if (number < 0)
            {
                return false;
            }

            value = (value << DigitBits) | (uint)number;
        }

        return digits.Length != 0;
    }
}
