using System;
using Hypervisor.Control.Platform;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Uefi.Protocols;

namespace Hypervisor.Control.Boot;

/// <summary>The variable DriverOrder (UEFI 2.10 §3.3): numbers of Driver#### in the order in which the firmware loads them.</summary>
internal unsafe ref struct DriverOrder<TPlatform>
    where TPlatform : struct, IPlatform
{
    /// <summary>Most entries that hvctl handles.</summary>
    public const int MaximumCount = 128;

    private readonly Span<byte> _bytes;

    /// <summary>Takes the memory for the order.</summary>
    /// <param name="storage">Two bytes for each of <see cref="MaximumCount"/> entries.</param>
    public DriverOrder(Span<byte> storage)
    {
        _bytes = storage;
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>An entry.</summary>
    public readonly ushort this[int index] => LittleEndian.Read16(_bytes, index * sizeof(ushort));

    /// <summary>Reads the variable.</summary>
    public VariableOutcome Read()
    {
        VariableOutcome outcome = TPlatform.ReadVariable("DriverOrder"u8, EfiGuid.GlobalVariable, _bytes, out int length);
        Count = length / sizeof(ushort);
        return outcome == VariableOutcome.Missing ? VariableOutcome.Done : outcome;
    }

    /// <summary>Writes the variable, or deletes it where nothing is left.</summary>
    public readonly VariableOutcome Write() => Count == 0
        ? TPlatform.DeleteVariable("DriverOrder"u8, EfiGuid.GlobalVariable)
        : TPlatform.WriteVariable("DriverOrder"u8, EfiGuid.GlobalVariable, DriverEntry<TPlatform>.Attributes, _bytes.Slice(0, Count * sizeof(ushort)));

    /// <summary>Where a number is; -1 when it is not there.</summary>
    public readonly int IndexOf(ushort number)
    {
        for (int i = 0; i < Count; i++)
        {
            if (this[i] == number)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Adds a number in front: nothing that runs before the hypervisor is seen by it.</summary>
    /// <returns>False when there is no room.</returns>
    public bool Insert(ushort number)
    {
        if (Count == MaximumCount)
        {
            return false;
        }

        for (int i = Count; i > 0; i--)
        {
            LittleEndian.Write16(_bytes, i * sizeof(ushort), this[i - 1]);
        }

        LittleEndian.Write16(_bytes, 0, number);
        Count++;
        return true;
    }

    /// <summary>Takes a number out, wherever it is.</summary>
    public void Remove(ushort number)
    {
        int kept = 0;
        for (int i = 0; i < Count; i++)
        {
            if (this[i] != number)
            {
                LittleEndian.Write16(_bytes, kept * sizeof(ushort), this[i]);
                kept++;
            }
        }

        Count = kept;
    }
}
