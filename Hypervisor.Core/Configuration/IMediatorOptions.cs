using System;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Configuration;

/// <summary>What the configuration says to mediators: which are wanted (<c>mediators = lapic, acpi</c>), and their own options (<c>acpi.sleep = deny</c>).</summary>
public interface IMediatorOptions
{
    /// <summary>The names there are, for messages; empty where there are no mediators.</summary>
    ReadOnlySpan<byte> Names { get; }

    /// <summary>Begins a selection: until the next <see cref="Select"/>, none is wanted.</summary>
    void SelectNone();

    /// <summary>Wants all.</summary>
    void SelectAll();

    /// <summary>Wants a mediator.</summary>
    /// <returns>False when there is none of that name.</returns>
    bool Select(ReadOnlySpan<byte> name);

    /// <summary>Sets an option of a mediator.</summary>
    /// <param name="mediator">Its name.</param>
    /// <param name="key">The option.</param>
    /// <param name="value">The value.</param>
    /// <returns>Whether it was taken, or why not.</returns>
    OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
