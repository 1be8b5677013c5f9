namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>Writes what a bus hands on, as a buffer of resource descriptors (ACPI 6.5 §6.4).</summary>
public static class ResourceWriter
{
    private const byte BufferOperator = 0x11;
    private const byte WordPrefix = 0x0B;
    private const byte PortDescriptor = 0x47;
    private const byte SixteenBitDecoding = 1;
    private const byte WordAddressSpace = 0x88;
    private const ushort WordAddressBytes = 13;
    private const byte DoubleWordAddressSpace = 0x87;
    private const ushort DoubleWordAddressBytes = 23;
    private const byte MemoryRange = 0;
    private const byte PortRange = 1;
    private const byte BusNumberRange = 2;
    private const byte FixedBounds = 0x0C;
    private const byte EntireRange = 3;
    private const byte Writable = 1;
    private const byte EndTag = 0x79;
    private const int SizeOffset = 3; // behind the buffer's length, the size of two bytes behind its prefix

    /// <summary>Opens the buffer.</summary>
    /// <returns>What <see cref="End"/> wants.</returns>
    public static int Begin(ref TableWriter table)
    {
        table.Byte(BufferOperator);
        int start = AmlWriter.BeginLength(ref table);
        table.Byte(WordPrefix);
        table.Skip(sizeof(ushort));
        return start;
    }

    /// <summary>Closes the buffer.</summary>
    public static void End(ref TableWriter table, int start)
    {
        table.Byte(EndTag);
        table.Byte(0); // no checksum
        int size = table.Length - start - SizeOffset - sizeof(ushort);
        table.Patch(start + SizeOffset, (byte)size);
        table.Patch(start + SizeOffset + 1, (byte)(size >> 8));
        AmlWriter.End(ref table, start);
    }

    /// <summary>Bus numbers.</summary>
    public static void BusNumbers(ref TableWriter table, ushort first, ushort last) => Words(ref table, BusNumberRange, 0, first, last);

    /// <summary>Ports for the devices on the bus.</summary>
    public static void Ports(ref TableWriter table, ushort first, ushort last) => Words(ref table, PortRange, EntireRange, first, last);

    /// <summary>Ports of the bridge itself.</summary>
    public static void OwnPorts(ref TableWriter table, ushort first, byte count)
    {
        table.Byte(PortDescriptor);
        table.Byte(SixteenBitDecoding);
        table.Word(first);
        table.Word(first);
        table.Byte(1);
        table.Byte(count);
    }

    /// <summary>Addresses for the devices on the bus.</summary>
    public static void Memory(ref TableWriter table, uint first, uint last)
    {
        table.Byte(DoubleWordAddressSpace);
        table.Word(DoubleWordAddressBytes);
        table.Byte(MemoryRange);
        table.Byte(FixedBounds);
        table.Byte(Writable);
        table.DoubleWord(0);
        table.DoubleWord(first);
        table.DoubleWord(last);
        table.DoubleWord(0);
        table.DoubleWord(last - first + 1);
    }

    private static void Words(ref TableWriter table, byte kind, byte flags, ushort first, ushort last)
    {
        table.Byte(WordAddressSpace);
        table.Word(WordAddressBytes);
        table.Byte(kind);
        table.Byte(FixedBounds);
        table.Byte(flags);
        table.Word(0);
        table.Word(first);
        table.Word(last);
        table.Word(0);
        table.Word((ushort)(last - first + 1));
    }
}
