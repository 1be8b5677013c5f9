using System;

namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>Reads the value of an object where it is a constant (DataRefObject, ACPI 6.5 §20.2.3), without evaluating anything.</summary>
internal static class AmlValues
{
    private const byte Zero = 0x00;
    private const byte One = 0x01;
    private const byte Ones = 0xFF;
    private const byte ByteConst = 0x0A;
    private const byte WordConst = 0x0B;
    private const byte DWordConst = 0x0C;
    private const byte Text = 0x0D;
    private const byte QWordConst = 0x0E;
    private const byte Buffer = 0x11;
    private const byte Package = 0x12;
    private const byte VariablePackage = 0x13;
    private const int LongestId = 8;
    private const int SecondByte = 8;
    private const int MostIds = 32;

    /// <summary>Reads a value.</summary>
    /// <param name="code">The table.</param>
    /// <param name="at">Where the value stands.</param>
    /// <param name="end">Where what holds it ends.</param>
    /// <param name="names">The namespace, for elements that are names.</param>
    /// <param name="scope">The scope it stands in.</param>
    internal static AmlValue Read(scoped ReadOnlySpan<byte> code, int at, int end, ref AmlNamespace names, int scope)
    {
        if (at >= end)
        {
            return default;
        }

        if (TryReadNumber(code, ref at, end, out uint number))
        {
            return AmlValue.Number(number);
        }

        byte kind = code[at++];
        switch (kind)
        {
            case Text:
                uint id = ReadId(code, at, end);
                return id == 0 ? default : AmlValue.Number(id);
            case Buffer when AmlLength.TryReadEnd(code, ref at, end, out int bufferEnd, out _) && TryReadNumber(code, ref at, bufferEnd, out _):
                ushort port = ResourceTemplate.FirstPort(code.Slice(at, bufferEnd - at));
                return port == 0 ? default : new AmlValue(AmlValueKind.Ports, port);
            case Package or VariablePackage when TryEnterPackage(code, kind, ref at, end, out int packageEnd, out uint count):
                return ReadPair(code, at, packageEnd, count, ref names, scope);
            default:
                return default;
        }
    }

    /// <summary>Whether an object that names kinds of devices names a serial port: a number, letters, or a package of them.</summary>
    /// <returns>The identifier; 0 where it names none.</returns>
    internal static uint FindSerialPort(scoped ReadOnlySpan<byte> code, int at, int end)
    {
        int last = end;
        int most = 1;
        if (at < end && code[at] is Package or VariablePackage)
        {
            byte kind = code[at++];
            if (!TryEnterPackage(code, kind, ref at, end, out last, out _))
            {
                return 0;
            }

            most = MostIds;
        }

        for (int i = 0; i < most && at < last; i++)
        {
            if (!TryReadNumber(code, ref at, last, out uint id))
            {
                if (code[at] != Text)
                {
                    return 0;
                }

                id = ReadId(code, at + 1, last);
                at = SkipText(code, at + 1, last);
            }

            if (EisaId.IsSerialPort(id))
            {
                return id;
            }
        }

        return 0;
    }

    /// <summary>Behind the zero that ends a text, or at the end where there is none.</summary>
    internal static int SkipText(scoped ReadOnlySpan<byte> code, int at, int end)
    {
        while (at < end && code[at] != 0)
        {
            at++;
        }

        return Math.Min(at + 1, end);
    }

    /// <summary>Reads a constant (ComputationalData, ConstObj), of which the low 32 bits are kept.</summary>
    private static bool TryReadNumber(scoped ReadOnlySpan<byte> code, ref int at, int end, out uint number)
    {
        number = 0;
        if (at >= end)
        {
            return false;
        }

        int size = code[at] switch
        {
            Zero or One or Ones => 0,
            ByteConst => sizeof(byte),
            WordConst => sizeof(ushort),
            DWordConst => sizeof(uint),
            QWordConst => sizeof(ulong),
            _ => int.MaxValue,
        };
        if (size > end - at - 1)
        {
            return false;
        }

        number = size switch
        {
            0 => code[at] == Ones ? uint.MaxValue : code[at],
            sizeof(byte) => code[at + 1],
            sizeof(ushort) => AcpiTables.Read16(code, at + 1),
            _ => AcpiTables.Read32(code, at + 1),
        };
        at += 1 + size;
        return true;
    }

    /// <summary>The elements of a package.</summary>
    /// <param name="code">The table.</param>
    /// <param name="kind">Package or VarPackage.</param>
    /// <param name="at">Behind its code; where the first element stands afterwards.</param>
    /// <param name="end">Where what holds it ends.</param>
    /// <param name="own">Where it ends.</param>
    /// <param name="count">How many elements it has, with those that no value is given for.</param>
    private static bool TryEnterPackage(scoped ReadOnlySpan<byte> code, byte kind, ref int at, int end, out int own, out uint count)
    {
        count = 0;
        if (!AmlLength.TryReadEnd(code, ref at, end, out own, out _) || at >= own)
        {
            return false;
        }

        if (kind == VariablePackage)
        {
            return TryReadNumber(code, ref at, own, out count);
        }

        count = code[at++];
        return true;
    }

    /// <summary>The two values that count. A single element holds both, one byte each, as operating systems read it.</summary>
    private static AmlValue ReadPair(scoped ReadOnlySpan<byte> code, int at, int end, uint count, ref AmlNamespace names, int scope)
    {
        bool certain = true;
        if (count == 0 || !TryReadElement(code, ref at, end, ref names, scope, ref certain, out uint first))
        {
            return default;
        }

        if (count == 1)
        {
            return AmlValue.Pair(first, first >> SecondByte, certain);
        }

        if (!TryReadElement(code, ref at, end, ref names, scope, ref certain, out uint second))
        {
            certain = false;
        }

        return AmlValue.Pair(first, second, certain);
    }

    /// <summary>A number, or the name of an object whose value is one at first.</summary>
    private static bool TryReadElement(
        scoped ReadOnlySpan<byte> code,
        ref int at,
        int end,
        ref AmlNamespace names,
        int scope,
        ref bool certain,
        out uint number)
    {
        if (TryReadNumber(code, ref at, end, out number))
        {
            return true;
        }

        if (!AmlPath.TryRead(code, ref at, end, out AmlPath path))
        {
            return false;
        }

        certain = false;
        int node = names.Lookup(code, path, scope);
        if (node == AmlNamespace.Nowhere || names[node].ValueKind != AmlValueKind.Number)
        {
            return false;
        }

        number = names[node].Data;
        return true;
    }

    private static uint ReadId(scoped ReadOnlySpan<byte> code, int at, int end)
    {
        int length = 0;
        while (length <= LongestId && at + length < end && code[at + length] != 0)
        {
            length++;
        }

        return EisaId.Pack(code.Slice(at, length));
    }
}
