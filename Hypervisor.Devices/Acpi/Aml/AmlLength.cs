using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>The lengths of AML (PkgLength, ACPI 6.5 §20.2.4): one to four bytes, 28 bits at most.</summary>
internal static class AmlLength
{
    private const int CountShift = 6;
    private const int ShortMask = 0x3F;
    private const int LongMask = 0x0F;
    private const int LongBits = 4;
    private const int BitsPerByte = 8;

    /// <summary>Reads a length.</summary>
    /// <param name="code">The table.</param>
    /// <param name="at">Where it stands; behind it afterwards.</param>
    /// <param name="end">Where what holds it ends.</param>
    /// <param name="length">The number. For an operation it counts from the length's own first byte on, for a field it is a number of
    /// bits.</param>
    /// <returns>False where it would go on beyond the end; <paramref name="at"/> is then where it was.</returns>
    internal static bool TryRead(ReadOnlySpan<byte> code, ref int at, int end, out int length)
    {
        length = 0;
        if (at >= end)
        {
            return false;
        }

        byte lead = code[at];
        int more = lead >> CountShift;
        if (more > end - at - 1)
        {
            return false;
        }

        length = more == 0 ? lead & ShortMask : lead & LongMask;
        for (int i = 0; i < more; i++)
        {
            length |= code[at + 1 + i] << (LongBits + (i * BitsPerByte));
        }

        at += 1 + more;
        return true;
    }

    /// <summary>Reads the length of an operation as the place where it ends.</summary>
    /// <param name="code">The table.</param>
    /// <param name="at">Where it stands; behind it afterwards.</param>
    /// <param name="end">Where what holds it ends.</param>
    /// <param name="own">Where the operation ends, never beyond <paramref name="end"/>.</param>
    /// <param name="fits">False where it claims to end beyond <paramref name="end"/>.</param>
    /// <returns>False where there is no length, or one that does not even cover itself.</returns>
    internal static bool TryReadEnd(ReadOnlySpan<byte> code, ref int at, int end, out int own, out bool fits)
    {
        int start = at;
        own = end;
        fits = TryRead(code, ref at, end, out int length) && length <= end - start;
        if (at == start || length < at - start)
        {
            return false;
        }

        own = fits ? start + length : end;
        return true;
    }
}
