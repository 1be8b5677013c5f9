using System;
using Hypervisor.Devices.Acpi.Aml;

namespace Hypervisor.Devices.Acpi;

/// <summary>Changes of tables in place: nothing gets longer, nothing moves, and checksums are what they were.</summary>
public static class TableEdits
{
    private const byte Noop = 0xA3;
    private const byte FirstLetter = (byte)'X';
    private const int Letters = 26;
    private const byte Hidden = (byte)'x';

    /// <summary>
    /// Renames what defines sleep states, so that an operating system does not find them: _S3_ becomes XS3_, or another name that is free.
    /// </summary>
    /// <param name="tables">The tables.</param>
    /// <param name="scanner">What was found in them.</param>
    /// <param name="states">Which states.</param>
    /// <returns>Number of names changed.</returns>
    public static int Rename<TMemory>(ByteCodeTables<TMemory> tables, scoped ref AmlScanner scanner, SleepStates states)
        where TMemory : struct, ITableMemory, allows ref struct
    {
        int renamed = 0;
        for (int i = 0; i < scanner.SleepDefinitions.Length; i++)
        {
            SleepDefinition definition = scanner.SleepDefinitions[i];
            Span<byte> table = tables[definition.Table];
            if ((states & (SleepStates)(1 << definition.State)) == SleepStates.None || !StandsAt(table, definition))
            {
                continue;
            }

            byte before = AcpiTables.Sum(table);
            table[definition.NameOffset] = FreeLetter(ref scanner, AcpiTables.Read32(table, definition.NameOffset));
            AcpiTables.KeepChecksum(table, before);
            renamed++;
        }

        return renamed;
    }

    /// <summary>
    /// Fills the methods that switch a serial port off with Noop, so that the host's stays on (M25). Ports whose place the tables compute
    /// may be that one.
    /// </summary>
    /// <param name="tables">The tables.</param>
    /// <param name="scanner">What was found in them.</param>
    /// <param name="port">The host's serial port.</param>
    /// <returns>Number of methods filled.</returns>
    public static int KeepSerialPortOn<TMemory>(ByteCodeTables<TMemory> tables, scoped ref AmlScanner scanner, ushort port)
        where TMemory : struct, ITableMemory, allows ref struct
    {
        int filled = 0;
        for (int i = 0; i < scanner.DisableMethods.Length; i++)
        {
            DisableMethod method = scanner.DisableMethods[i];
            ushort place = scanner.SerialDevices[method.Device].IoBase;
            Span<byte> table = tables[method.Table];
            bool fits = method.Offset >= AcpiTables.HeaderSize && method.Offset <= table.Length && method.Length <= table.Length - method.Offset;
            if (!fits || (place != 0 && place != port))
            {
                continue;
            }

            byte before = AcpiTables.Sum(table);
            table.Slice(method.Offset, method.Length).Fill(Noop);
            AcpiTables.KeepChecksum(table, before);
            filled++;
        }

        return filled;
    }

    /// <summary>
    /// Hides a table: its signature becomes one that nobody looks for. Every list of tables still names it, so all of them agree (M26).
    /// </summary>
    /// <param name="table">The table; what is too short for one is left alone.</param>
    /// <returns>Whether there was one.</returns>
    public static bool Hide(Span<byte> table)
    {
        if (table.Length < AcpiTables.HeaderSize)
        {
            return false;
        }

        byte before = AcpiTables.Sum(table);
        table[0] = Hidden;
        AcpiTables.KeepChecksum(table, before);
        return true;
    }

    /// <summary>The table may have been changed since it was read.</summary>
    private static bool StandsAt(ReadOnlySpan<byte> table, SleepDefinition definition) =>
        definition.NameOffset >= AcpiTables.HeaderSize && definition.NameOffset <= table.Length - AmlName.Size
        && AmlName.SleepState(AcpiTables.Read32(table, definition.NameOffset)) == definition.State;

    private static byte FreeLetter(ref AmlScanner scanner, uint name)
    {
        for (int i = 0; i < Letters; i++)
        {
            byte letter = (byte)('A' + ((FirstLetter - 'A' + i) % Letters));
            if (scanner.IsFreeAtRoot((name & ~(uint)byte.MaxValue) | letter))
            {
                return letter;
            }
        }

        return FirstLetter;
    }
}
