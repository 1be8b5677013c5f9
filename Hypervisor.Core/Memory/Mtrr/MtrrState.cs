using System;
using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Core.Memory.Mtrr;

/// <summary>
/// The memory type range registers of a processor at one moment, and the memory types they stand for (Intel SDM vol 3 §11.11; R-61). All processors of a machine
/// must have the same.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct MtrrState
{
    /// <summary>Variable-range registers that the MSR numbers 200h to 21Fh have room for; processors have 8 or 10.</summary>
    public const int MaximumVariable = (int)(Msr.MtrrVariableLast + 1 - Msr.MtrrVariableBase0) / 2;

    private const uint FeatureLeaf = 1;
    private const uint MtrrBit = 1u << 12;

    private ulong _exists;
    private ulong _addressMask;
    private ulong _capability;
    private ulong _defaultType;
    private fixed ulong _fixed[FixedMtrrs.Count];
    private fixed ulong _variable[2 * MaximumVariable];

    /// <summary>Whether the processor has MTRRs. One without treats all memory as write-back as far as they are concerned.</summary>
    public readonly bool Exists => _exists != 0;

    /// <summary>What there is.</summary>
    public readonly MtrrCapability Capability => new(_capability);

    /// <summary>Type of what no register covers, and what counts.</summary>
    public readonly MtrrDefaultType DefaultType => new(_defaultType);

    /// <summary>Number of variable-range registers.</summary>
    public readonly int VariableCount => Math.Min(Capability.VariableCount, MaximumVariable);

    private readonly bool UsesFixed => Capability.HasFixed && DefaultType.FixedEnabled;

    /// <summary>Reads the registers of the executing processor.</summary>
    /// <param name="physicalAddressBits">Width of physical addresses (CPUID 8000_0008h): the width of base and mask.</param>
    /// <param name="state">Where they go.</param>
    public static void Read(int physicalAddressBits, MtrrState* state)
    {
        *state = default;
        CpuidResult features;
        Instructions.Cpuid(FeatureLeaf, 0, &features);
        if ((features.Edx & MtrrBit) == 0)
        {
            return;
        }

        state->_exists = 1;
        state->_addressMask = ((1UL << physicalAddressBits) - 1) & ~(PageSizes.Size4K - 1);
        state->_capability = ReadOrZero(Msr.MtrrCapability);
        state->_defaultType = ReadOrZero(Msr.MtrrDefaultType);
        for (int i = 0; i < FixedMtrrs.Count && state->Capability.HasFixed; i++)
        {
            state->_fixed[i] = ReadOrZero(FixedMtrrs.Number(i));
        }

        for (int i = 0; i < 2 * state->VariableCount; i++)
        {
            state->_variable[i] = ReadOrZero(Msr.MtrrVariableBase0 + (uint)i);
        }
    }

    /// <summary>Whether an MSR is one of the MTRRs.</summary>
    public static bool Contains(uint msr) => msr is (>= Msr.MtrrVariableBase0 and <= Msr.MtrrVariableLast)
        or Msr.MtrrFixed64K00000 or Msr.MtrrFixed16K80000 or Msr.MtrrFixed16KA0000
        or (>= Msr.MtrrFixed4KC0000 and <= Msr.MtrrFixed4KF8000)
        or Msr.MtrrDefaultType;

    /// <summary>Whether two states are the same, register by register.</summary>
    public static bool AreEqual(MtrrState* first, MtrrState* second)
    {
        for (int i = 0; i < sizeof(MtrrState) / sizeof(ulong); i++)
        {
            if (((ulong*)first)[i] != ((ulong*)second)[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>A variable-range register.</summary>
    public readonly VariableMtrr Variable(int index)
    {
        fixed (ulong* variable = _variable)
        {
            return new VariableMtrr(variable[2 * index], variable[(2 * index) + 1]);
        }
    }

    /// <summary>Type of the memory at an address.</summary>
    public readonly MemoryType TypeOf(ulong address)
    {
        // No register divides a page.
        _ = TryTypeOf(PageSizes.RoundDown(address, PageSizes.Size4K), PageSizes.Size4K, out MemoryType type);
        return type;
    }

    /// <summary>
    /// Type of a range, if it has one alone. It is found from the registers' edges, not page by page; false also where registers meet in the middle of the range
    /// that together give all of it the same type.
    /// </summary>
    /// <param name="address">First address, aligned to the size.</param>
    /// <param name="size">Bytes: a power of two, at least 4 KiB.</param>
    /// <param name="type">The type.</param>
    public readonly bool TryTypeOf(ulong address, ulong size, out MemoryType type)
    {
        if (!Exists)
        {
            type = MemoryType.WriteBack;
            return true;
        }

        if (!DefaultType.Enabled)
        {
            type = MemoryType.Uncacheable;
            return true;
        }

        if (!UsesFixed || address >= FixedMtrrs.End)
        {
            return TryVariable(address, size, out type);
        }

        // Below 1 MiB the fixed ranges alone count (§11.11.4.1).
        if (!TryFixed(address, Math.Min(size, FixedMtrrs.End - address), out type))
        {
            return false;
        }

        return address + size <= FixedMtrrs.End || (TryVariable(address, size, out MemoryType rest) && rest == type);
    }

    private static ulong ReadOrZero(uint msr)
    {
        ulong value;
        return Instructions.TryReadMsr(msr, &value) != 0 ? value : 0;
    }

    private readonly bool TryFixed(ulong address, ulong size, out MemoryType type)
    {
        fixed (ulong* registers = _fixed)
        {
            byte* types = (byte*)registers;
            int first = FixedMtrrs.Index(address);
            int last = FixedMtrrs.Index(address + size - 1);
            type = MtrrTypes.Decode(types[first]);
            for (int i = first + 1; i <= last; i++)
            {
                if (MtrrTypes.Decode(types[i]) != type)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private readonly bool TryVariable(ulong address, ulong size, out MemoryType type)
    {
        // 1. What covers the whole range decides the type of whatever nothing else covers.
        bool covered = false;
        bool partly = false;
        type = DefaultType.Type;
        for (int i = 0; i < VariableCount; i++)
        {
            MtrrCoverage coverage = Cover(i, address, size, out MemoryType own);
            if (coverage == MtrrCoverage.Whole)
            {
                type = covered ? MtrrTypes.Combine(type, own) : own;
                covered = true;
            }

            partly |= coverage == MtrrCoverage.Part;
        }

        // 2. What covers a part of it must not change that type.
        for (int i = 0; partly && i < VariableCount; i++)
        {
            if (Cover(i, address, size, out MemoryType own) == MtrrCoverage.Part && (covered ? MtrrTypes.Combine(type, own) : own) != type)
            {
                return false;
            }
        }

        return true;
    }

    private readonly MtrrCoverage Cover(int index, ulong address, ulong size, out MemoryType type)
    {
        VariableMtrr register = Variable(index);
        type = register.Type;
        return register.Valid ? register.Cover(address, size, _addressMask) : MtrrCoverage.None;
    }
}
