using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>
/// Device identifiers: three letters and four hexadecimal digits, in letters or packed into 32 bits (ACPI 6.5 §6.1.5, §19.3.4).
/// </summary>
public static class EisaId
{
    /// <summary>PNP0500, a serial port of the 8250 kind, as a table has it.</summary>
    public const uint Uart8250 = 0x0005_D041;

    /// <summary>PNP0501, a serial port of the 16550 kind.</summary>
    public const uint Uart16550 = 0x0105_D041;

    private const int Letters = 3;
    private const int Digits = 4;
    private const int LetterBits = 5;
    private const int DigitBits = 4;

    /// <summary>Whether it is a serial port.</summary>
    public static bool IsSerialPort(uint id) => id is Uart8250 or Uart16550;

    /// <summary>Packs an identifier of seven letters; some tables put an asterisk before it.</summary>
    /// <returns>0 where it is not one.</returns>
    public static uint Pack(ReadOnlySpan<byte> text)
    {
        if (text.Length > 0 && text[0] == '*')
        {
            text = text.Slice(1);
        }

        if (text.Length != Letters + Digits)
        {
            return 0;
        }

        uint packed = 0;
        for (int i = 0; i < Letters; i++)
        {
            uint letter = (uint)(text[i] - '@');
            if (letter is 0 or > 'Z' - '@')
            {
                return 0;
            }

            packed = (packed << LetterBits) | letter;
        }

        for (int i = 0; i < Digits; i++)
        {
            int digit = Digit(text[Letters + i]);
            if (digit < 0)
            {
                return 0;
            }

            packed = (packed << DigitBits) | (uint)digit;
        }

        return SwapBytes(packed);
    }

    private static int Digit(byte letter) => letter switch
    {
        >= (byte)'0' and <= (byte)'9' => letter - '0',
        >= (byte)'A' and <= (byte)'F' => letter - 'A' + 10,
        >= (byte)'a' and <= (byte)'f' => letter - 'a' + 10,
        _ => -1,
    };

    private static uint SwapBytes(uint value) => (value >> 24) | ((value >> 8) & 0xFF00) | ((value << 8) & 0xFF_0000) | (value << 24);
}
