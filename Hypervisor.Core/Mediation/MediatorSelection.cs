using System;
using Hypervisor.Core.Diagnostics;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// What the configuration says about mediators: <c>mediators = acpi, pci</c> selects, <c>acpi.sleep = deny</c> sets an option. Used twice: in the loaded driver, to
/// refuse a configuration with a message, and in the copy that runs.
/// </summary>
public static unsafe class MediatorSelection
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

    /// <summary>Whether a mediator is selected. Without a word about them in the configuration all are: none does anything without a policy (M3).</summary>
    public static bool IsSelected(int mediator) => (s_selected >> mediator & 1) != 0;

    /// <summary>Selects all: the state before a configuration is read.</summary>
    public static void Reset() => s_selected = All;

    /// <summary>The names of all mediators, for messages: <c>lapic, acpi</c>.</summary>
    public static ReadOnlySpan<byte> Names
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

    /// <summary>Selects mediators.</summary>
    /// <param name="list">Names with commas between them; <c>all</c>; or <c>none</c>.</param>
    public static OptionResult Select(ReadOnlySpan<byte> list)
    {
        s_selected = 0;
        if (list.SequenceEqual("all"u8) || list.SequenceEqual("none"u8))
        {
            s_selected = list.SequenceEqual("all"u8) ? All : 0;
            return OptionResult.Taken;
        }

        while (true)
        {
            int comma = list.IndexOf((byte)',');
            ReadOnlySpan<byte> name = Trim(comma < 0 ? list : list.Slice(0, comma));
            int index = MediatorObjects.IndexOf(name);
            if (index < 0)
            {
                return OptionResult.Wrong("there is no such mediator"u8, Names);
            }

            s_selected |= 1u << index;
            if (comma < 0)
            {
                return OptionResult.Taken;
            }

            list = list.Slice(comma + 1);
        }
    }

    /// <summary>Sets an option of a mediator.</summary>
    /// <param name="mediator">Its name.</param>
    /// <param name="key">The option's name.</param>
    /// <param name="value">Its value.</param>
    public static OptionResult SetOption(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int index = MediatorObjects.IndexOf(mediator);
        return index < 0
            ? OptionResult.Wrong("there is no such mediator"u8, Names)
            : MediatorObjects.Mediator(index).SetOption(key, value);
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (text.Length != 0 && text[0] <= (byte)' ')
        {
            text = text.Slice(1);
        }

        while (text.Length != 0 && text[text.Length - 1] <= (byte)' ')
        {
            text = text.Slice(0, text.Length - 1);
        }

        return text;
    }
}
