using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Text;

namespace Hypervisor.Tests.Unit.Acpi;

/// <summary>Reads the part of ACPI's byte code that the published tables use, and fails at anything else (ACPI 6.5 §20.2).</summary>
internal static class AmlReader
{
    private const int NameLength = 4;

    /// <summary>Reads terms until the end of what holds them, and collects the names they declare.</summary>
    /// <returns>Where the last one ended.</returns>
    internal static int ReadTerms(byte[] code, int at, int end, List<string> names)
    {
        while (at < end)
        {
            at = ReadTerm(code, at, names);
        }

        return at;
    }

    private static int ReadTerm(byte[] code, int at, List<string> names)
    {
        switch (code[at])
        {
            case 0x08: // Name
                return ReadObject(code, ReadName(code, at + 1, names), names);
            case 0x10: // Scope
                return ReadScope(code, at + 1, names);
            case 0x5B when code[at + 1] == 0x82: // Device
                return ReadScope(code, at + 2, names);
            default:
                throw new InvalidOperationException($"Unknown term {code[at]:X2} at {at}.");
        }
    }

    private static int ReadScope(byte[] code, int at, List<string> names)
    {
        (int body, int end) = ReadLength(code, at);
        int last = ReadTerms(code, ReadName(code, body, names), end, names);
        return last == end ? end : throw new InvalidOperationException($"The scope at {at} ends at {end}, its terms at {last}.");
    }

    private static int ReadObject(byte[] code, int at, List<string> names)
    {
        switch (code[at])
        {
            case 0x0C: // a number of four bytes
                return at + 1 + sizeof(uint);
            case 0x12: // Package
                (int elements, int end) = ReadLength(code, at + 1);
                int next = elements + 1;
                for (int i = 0; i < code[elements]; i++)
                {
                    next = ReadObject(code, next, names);
                }

                return next == end ? end : throw new InvalidOperationException($"The package at {at} ends at {end}, its elements at {next}.");
            case 0x11: // Buffer
                return ReadResources(code, at + 1);
            default:
                throw new InvalidOperationException($"Unknown object {code[at]:X2} at {at}.");
        }
    }

    /// <summary>A buffer of resource descriptors: each says how long it is, the last one is the end tag (ACPI 6.5 §6.4).</summary>
    private static int ReadResources(byte[] code, int at)
    {
        (int body, int end) = ReadLength(code, at);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(code.AsSpan(body + 1));
        int next = body + 1 + sizeof(ushort);
        bool sized = code[body] == 0x0B && next + size == end;
        while (sized && code[next] != 0x79)
        {
            bool large = (code[next] & 0x80) != 0;
            next += large ? 3 + BinaryPrimitives.ReadUInt16LittleEndian(code.AsSpan(next + 1)) : 1 + (code[next] & 7);
        }

        return sized && next + 2 == end ? end : throw new InvalidOperationException($"The resources at {at} do not add up.");
    }

    private static int ReadName(byte[] code, int at, List<string> names)
    {
        int length = code[at] == '\\' ? NameLength + 1 : NameLength;
        names.Add(Encoding.ASCII.GetString(code, at, length));
        return at + length;
    }

    /// <summary>A length counts its own bytes; the top two bits of the first say how many more there are.</summary>
    private static (int Body, int End) ReadLength(byte[] code, int at)
    {
        int more = code[at] >> 6;
        int length = more == 0 ? code[at] & 0x3F : code[at] & 0x0F;
        for (int i = 1; i <= more; i++)
        {
            length |= code[at + i] << ((8 * i) - 4);
        }

        return (at + 1 + more, at + length);
    }
}
