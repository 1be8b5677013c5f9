using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// What the configuration says about mediators, told to the mediators themselves: <c>mediators = acpi, pci</c> selects, <c>acpi.sleep = deny</c> sets an option.
/// </summary>
public unsafe struct MediatorSelection : IMediatorOptions
{
    private const int NamesCapacity = 256;
    private const uint All = uint.MaxValue;

    private struct NameList
    {
        public fixed byte Bytes[NamesCapacity];
    }

#pragma warning disable CS0169 // reached by its address alone
    private static NameList s_names;
#pragma warning restore CS0169
    private static uint s_selected = All;

    /// <inheritdoc/>
    public readonly ReadOnlySpan<byte> Names
    {
        get
        {
            fixed (byte* bytes = s_names.Bytes)
            {
                TextBuffer text = new(new Span<byte>(bytes, NamesCapacity));
                for (int i = 0; i < MediatorObjects.Count; i++)
                {
                    text.Append(i == 0 ? default : ", "u8);
                    text.Append(MediatorObjects.Mediator(i).Name);
                }

                return new ReadOnlySpan<byte>(bytes, text.Length);
            }
        }
    }

    /// <summary>Whether a mediator is selected. Without a word about them in the configuration all are: none does anything without a policy (M3).</summary>
    public static bool IsSelected(int mediator) => (s_selected >> mediator & 1) != 0;

    /// <summary>Bytes that the selected mediators want for themselves.</summary>
    public static ulong OwnMemory
    {
        get
        {
            ulong size = 0;
            for (int i = 0; i < MediatorObjects.Count; i++)
            {
                size += OwnMemoryOf(i);
            }

            return size;
        }
    }

    /// <summary>Bytes that a mediator gets for itself: whole pages; 0 when it is not selected.</summary>
    public static uint OwnMemoryOf(int mediator) =>
        IsSelected(mediator) ? (uint)PageSizes.RoundUp(MediatorObjects.Mediator(mediator).OwnMemory, PageSizes.Size4K) : 0;

    /// <summary>Selects all: the state before a configuration is read.</summary>
    public static void Reset() => s_selected = All;

    /// <inheritdoc/>
    public readonly void SelectNone() => s_selected = 0;

    /// <inheritdoc/>
    public readonly void SelectAll() => s_selected = All;

    /// <inheritdoc/>
    public readonly bool Select(ReadOnlySpan<byte> name)
    {
        int index = MediatorObjects.IndexOf(name);
        s_selected |= index < 0 ? 0 : 1u << index;
        return index >= 0;
    }

    /// <inheritdoc/>
    public readonly OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int index = MediatorObjects.IndexOf(mediator);
        return index < 0 ? OptionResult.NoMediator(Names) : MediatorObjects.Mediator(index).SetOption(key, value);
    }
}
