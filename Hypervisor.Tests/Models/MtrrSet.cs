using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Memory.Mtrr;

namespace Hypervisor.Tests.Models;

/// <summary>A set of memory type range registers, and what it means, written down as the manual says it: address by address.</summary>
/// <param name="Name">Whose it is.</param>
/// <param name="AddressBits">Width of physical addresses.</param>
/// <param name="DefaultType">IA32_MTRR_DEF_TYPE.</param>
/// <param name="Fixed">The 88 types of the fixed ranges; null where there are none.</param>
/// <param name="Variable">The variable ranges: base and mask as registers hold them.</param>
internal sealed record MtrrSet(string Name, int AddressBits, ulong DefaultType, byte[]? Fixed, (ulong Base, ulong Mask)[] Variable)
{
    internal const byte Uc = 0;
    internal const byte Wc = 1;
    internal const byte Wt = 4;
    internal const byte Wp = 5;
    internal const byte Wb = 6;
    internal const ulong Enabled = 0x800;
    internal const ulong FixedEnabled = 0x400;

    private const int MtrrBit = 12;
    private const ulong ValidBit = 0x800;
    private const ulong FixedCapability = 0x100;
    private const ulong WriteCombiningCapability = 0x400;

    private static readonly uint[] FixedNumbers =
    [
        0x250, 0x258, 0x259, 0x268, 0x269, 0x26A, 0x26B, 0x26C, 0x26D, 0x26E, 0x26F,
    ];

    private ulong AddressMask => (1ul << AddressBits) - 0x1000;

    private bool UsesFixed => Fixed != null && (DefaultType & FixedEnabled) != 0;

    /// <summary>The lowest addresses at which a type may begin or end.</summary>
    internal IEnumerable<ulong> Edges => Variable.SelectMany(pair => EdgesOf(pair.Base, pair.Mask)).Append(0x10_0000ul).Append(0xA_0000ul).Append(0xC_0000ul)
        .Where(edge => edge < 1ul << AddressBits);

    /// <summary>A processor with these registers.</summary>
    internal SimulatedProcessor Simulate()
    {
        CpuidTable cpuid = new();
        cpuid.Set(1, 0, 0, 0, 0, 1u << MtrrBit);
        SimulatedProcessor processor = new(0, cpuid);
        AddTo(processor);
        return processor;
    }

    /// <summary>Gives a processor these registers.</summary>
    internal void AddTo(SimulatedProcessor processor)
    {
        processor.Msrs[Msr.MtrrCapability] = (ulong)Variable.Length | WriteCombiningCapability | (Fixed != null ? FixedCapability : 0);
        processor.Msrs[Msr.MtrrDefaultType] = DefaultType;
        for (int i = 0; i < FixedNumbers.Length && Fixed != null; i++)
        {
            processor.Msrs[FixedNumbers[i]] = BitConverter.ToUInt64(Fixed, i * 8);
        }

        for (int i = 0; i < Variable.Length; i++)
        {
            processor.Msrs[0x200 + (2 * (uint)i)] = Variable[i].Base;
            processor.Msrs[0x201 + (2 * (uint)i)] = Variable[i].Mask;
        }
    }

    /// <summary>The registers as Core reads them.</summary>
    internal unsafe MtrrState Read()
    {
        MtrrState state;
        Instructions.Processor = Simulate();
        MtrrState.Read(AddressBits, &state);
        return state;
    }

    /// <summary>Type of the memory at an address (Intel SDM vol 3 §11.11.4.1), the only thing a test may trust.</summary>
    internal MemoryType TypeOf(ulong address)
    {
        if ((DefaultType & Enabled) == 0)
        {
            return MemoryType.Uncacheable;
        }

        if (UsesFixed && address < 0x10_0000)
        {
            ulong index = address < 0x8_0000 ? address / 0x1_0000 : address < 0xC_0000 ? 8 + ((address - 0x8_0000) / 0x4000) : 24 + ((address - 0xC_0000) / 0x1000);
            return (MemoryType)Fixed![index];
        }

        // One bit for each type that covers the address.
        int types = 0;
        foreach ((ulong start, ulong mask) in Variable)
        {
            bool covers = (mask & ValidBit) != 0 && (address & mask & AddressMask) == (start & mask & AddressMask);
            types |= covers ? 1 << (byte)start : 0;
        }

        return types switch
        {
            0 => (MemoryType)(byte)DefaultType,
            1 << Wc => MemoryType.WriteCombining,
            1 << Wp => MemoryType.WriteProtected,
            1 << Wb => MemoryType.WriteBack,
            1 << Wt or ((1 << Wt) | (1 << Wb)) => MemoryType.WriteThrough,
            _ => MemoryType.Uncacheable,
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>The usual types below 1 MiB: <paramref name="c0000"/> from C0000h on.</summary>
    internal static byte[] UsualFixed(byte c0000 = Wp) =>
        [.. Enumerable.Repeat(Wb, 16), .. Enumerable.Repeat(Uc, 8), .. Enumerable.Repeat(c0000, 64)];

    /// <summary>A variable range as Linux prints it: base, mask without the valid bit, type.</summary>
    internal static (ulong Base, ulong Mask) Range(ulong start, ulong mask, byte type) => (start | type, mask | ValidBit);

    /// <summary>A variable range of a size, a power of two.</summary>
    internal static (ulong Base, ulong Mask) Sized(ulong start, ulong size, byte type, int addressBits) =>
        Range(start, (1ul << addressBits) - size, type);

    private IEnumerable<ulong> EdgesOf(ulong rangeBase, ulong mask)
    {
        ulong first = rangeBase & mask & AddressMask;
        ulong lowest = mask & AddressMask & (ulong)-(long)(mask & AddressMask);
        yield return first;
        yield return first + lowest;
    }
}
