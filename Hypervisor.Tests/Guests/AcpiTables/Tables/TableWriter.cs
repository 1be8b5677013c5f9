using System;

namespace Hypervisor.Guests.AcpiTables.Tables;

/// <summary>Writes one ACPI table: its header, its fields one after the other, and at the end its length and checksum (ACPI 6.5 §5.2.6).</summary>
/// <param name="storage">Where the table goes; it must be zero.</param>
public ref struct TableWriter(Span<byte> storage)
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderSize = 36;

    private const int LengthOffset = 4;
    private const int ChecksumOffset = 9;

    private readonly Span<byte> _storage = storage;

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>Writes the header; the length and the checksum come with <see cref="End"/>.</summary>
    public void Begin(ReadOnlySpan<byte> signature, byte revision)
    {
        Text(signature);
        Skip(sizeof(uint)); // length
        Byte(revision);
        Skip(sizeof(byte)); // checksum
        Text("HV    "u8);
        Text("HVBOCHS "u8);
        DoubleWord(1);
        Text("HV  "u8);
        DoubleWord(1);
    }

    /// <summary>Completes the table and returns its length.</summary>
    public readonly int End()
    {
        Put(LengthOffset, (ulong)Length, sizeof(uint));
        _storage[ChecksumOffset] = Checksum(_storage.Slice(0, Length));
        return Length;
    }

    /// <summary>Writes one byte.</summary>
    public void Byte(byte value) => Number(value, sizeof(byte));

    /// <summary>Writes two bytes, lowest first.</summary>
    public void Word(ushort value) => Number(value, sizeof(ushort));

    /// <summary>Writes four bytes, lowest first.</summary>
    public void DoubleWord(uint value) => Number(value, sizeof(uint));

    /// <summary>Writes eight bytes, lowest first.</summary>
    public void QuadWord(ulong value) => Number(value, sizeof(ulong));

    /// <summary>Writes text as it is.</summary>
    public void Text(ReadOnlySpan<byte> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            _storage[Length++] = text[i];
        }
    }

    /// <summary>Leaves zeros.</summary>
    public void Skip(int bytes) => Length += bytes;

    /// <summary>Overwrites bytes that were written, or left, before.</summary>
    public readonly void Patch(int offset, byte value) => _storage[offset] = value;

    /// <summary>What must be added to some bytes for their sum to be a multiple of 256.</summary>
    public static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += bytes[i];
        }

        return (byte)-sum;
    }

    private void Number(ulong value, int bytes)
    {
        Put(Length, value, bytes);
        Length += bytes;
    }

    private readonly void Put(int offset, ulong value, int bytes)
    {
        for (int i = 0; i < bytes; i++)
        {
            _storage[offset + i] = (byte)(value >> (i * 8));
        }
    }
}
