using System;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Records;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Commands;

/// <summary><c>hvctl add-record GUID TEXT</c>: publishes a record for the hypervisor, before it is loaded; see <see cref="BootRecords"/>.</summary>
internal static unsafe class AddRecordCommand<TPlatform>
    where TPlatform : struct, IPlatform
{
    private static Storage s_table;

    private struct Storage
    {
        public fixed byte Bytes[BootRecords.MaximumSize];
    }

    /// <summary>Runs it.</summary>
    public static ExitStatus Run()
    {
        if (!Arguments.TryTake(out ReadOnlySpan<byte> name) || !GuidText.TryRead(name, out EfiGuid guid) || !Arguments.TryTake(out ReadOnlySpan<byte> text))
        {
            Complaint<TPlatform>.Say("add-record takes a GUID, 8-4-4-4-12 hexadecimal digits, and a text"u8);
            return ExitStatus.Usage;
        }

        if (!ControlProgram<TPlatform>.IsDone(out ExitStatus usage))
        {
            return usage;
        }

        if (TPlatform.KnowsOfHypervisor)
        {
            return Complaint<TPlatform>.Say("the hypervisor is already running: it takes records when it is loaded"u8);
        }

        fixed (byte* bytes = s_table.Bytes)
        {
            ReadOnlySpan<byte> table = Extend(new Span<byte>(bytes, BootRecords.MaximumSize), TPlatform.PublishedRecords, guid, text);
            if (table.IsEmpty)
            {
                return Complaint<TPlatform>.Say("there is no more room for records, or those that are there are damaged"u8);
            }

            return TPlatform.PublishRecords(table)
                ? ExitStatus.Success
                : Complaint<TPlatform>.Say("records can only be added in the UEFI Shell, before the hypervisor is loaded"u8);
        }
    }

    /// <summary>The records that are there, and one more.</summary>
    private static ReadOnlySpan<byte> Extend(Span<byte> table, ReadOnlySpan<byte> old, EfiGuid guid, ReadOnlySpan<byte> data)
    {
        int offset = BootRecords.HeaderSize;
        if (!old.IsEmpty)
        {
            if (!BootRecords.IsValid(old))
            {
                return default;
            }

            old.CopyTo(table);
            offset = old.Length;
        }

        int size = offset + (int)BootRecords.Space((uint)data.Length);
        uint count = (old.IsEmpty ? 0 : LittleEndian.Read32(old, BootRecords.CountOffset)) + 1;
        if (size > table.Length || count > BootRecords.MaximumCount)
        {
            return default;
        }

        LittleEndian.Write64(table, 0, BootRecords.Signature);
        LittleEndian.Write16(table, BootRecords.VersionOffset, BootRecords.Version);
        LittleEndian.Write16(table, BootRecords.HeaderSizeOffset, BootRecords.HeaderSize);
        LittleEndian.Write32(table, BootRecords.SizeOffset, (uint)size);
        LittleEndian.Write32(table, BootRecords.CountOffset, count);
        LittleEndian.Write64(table, offset, guid.Low);
        LittleEndian.Write64(table, offset + sizeof(ulong), guid.High);
        LittleEndian.Write32(table, offset + BootRecords.LengthOffset, (uint)data.Length);
        data.CopyTo(table.Slice(offset + BootRecords.RecordHeaderSize));
        return table.Slice(0, size);
    }
}
