using System;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Control.Commands;

/// <summary>Mediators are the hypervisor's: what is said to them it checks itself when it is loaded, and so does <c>hv check-config</c>. Here everything is taken.</summary>
internal readonly struct UncheckedMediators : IMediatorOptions
{
    /// <inheritdoc/>
    public ReadOnlySpan<byte> Names => default;

    /// <inheritdoc/>
    public void SelectNone()
    {
    }

    /// <inheritdoc/>
    public void SelectAll()
    {
    }

    /// <inheritdoc/>
    public bool Select(ReadOnlySpan<byte> name) => !name.IsEmpty;

    /// <inheritdoc/>
    public OptionResult Set(ReadOnlySpan<byte> mediator, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => OptionResult.Taken;
}
