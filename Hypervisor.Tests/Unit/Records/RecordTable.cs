using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tests.Unit.Records;

/// <summary>Writes a table of records by the words of the documentation.</summary>
internal static class RecordTable
{
    internal static byte[] Write(params (Guid Guid, byte[] Data)[] records)
    {
        List<byte> body = [];
        foreach ((Guid guid, byte[] data) in records)
        {
            body.AddRange(guid.ToByteArray());
            body.AddRange(Bytes((uint)data.Length));
            body.AddRange(Bytes(0));
            body.AddRange(data);
            body.AddRange(Enumerable.Repeat((byte)0, (8 - (data.Length % 8)) % 8));
        }

        return
        [
            .. "HVRECORD"u8, 1, 0, 24, 0, .. Bytes((uint)body.Count + 24), .. Bytes((uint)records.Length), .. Bytes(0), .. body,
        ];
    }

    private static byte[] Bytes(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }
}
