using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>Writes the few constructs of ACPI's byte code that the tables need (ACPI 6.5 §20.2).</summary>
public static class AmlWriter
{
    private const byte NameOperator = 0x08;
    private const byte ScopeOperator = 0x10;
    private const byte PackageOperator = 0x12;
    private const byte ExtendedPrefix = 0x5B;
    private const byte DeviceOperator = 0x82;
    private const byte DoubleWordPrefix = 0x0C;
    private const int LengthBytes = 2;
    private const int LowLengthBits = 4;
    private const byte OneMoreByte = 1 << 6;

    /// <summary>Declares an object; its value comes next.</summary>
    public static void Name(ref TableWriter table, ReadOnlySpan<byte> name)
    {
        table.Byte(NameOperator);
        table.Text(name);
    }

    /// <summary>A number, in the one form that fits all.</summary>
    public static void Number(ref TableWriter table, uint value)
    {
        table.Byte(DoubleWordPrefix);
        table.DoubleWord(value);
    }

    /// <summary>Opens a scope.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public static int BeginScope(ref TableWriter table, ReadOnlySpan<byte> name)
    {
        table.Byte(ScopeOperator);
        int start = BeginLength(ref table);
        table.Text(name);
        return start;
    }

    /// <summary>Opens a device.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public static int BeginDevice(ref TableWriter table, ReadOnlySpan<byte> name)
    {
        table.Byte(ExtendedPrefix);
        table.Byte(DeviceOperator);
        int start = BeginLength(ref table);
        table.Text(name);
        return start;
    }

    /// <summary>Opens a package of so many elements.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public static int BeginPackage(ref TableWriter table, byte elements)
    {
        table.Byte(PackageOperator);
        int start = BeginLength(ref table);
        table.Byte(elements);
        return start;
    }

    /// <summary>Leaves room for the length of what follows, which counts itself.</summary>
    public static int BeginLength(ref TableWriter table)
    {
        int start = table.Length;
        table.Skip(LengthBytes);
        return start;
    }

    /// <summary>Closes what began at <paramref name="start"/>: its length, always in two bytes, of which the first has four bits of it.</summary>
    public static void End(ref TableWriter table, int start)
    {
        int length = table.Length - start;
        table.Patch(start, (byte)(OneMoreByte | (length & ((1 << LowLengthBits) - 1))));
        table.Patch(start + 1, (byte)(length >> LowLengthBits));
    }
}
