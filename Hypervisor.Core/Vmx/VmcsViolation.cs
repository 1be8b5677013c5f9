using System;

namespace Hypervisor.Core.Vmx;

/// <summary>A rule of VM entry that the current VMCS breaks: which field, and what is wrong with it. Constant text.</summary>
/// <param name="field">The field, such as <c>guest TR</c>; empty where nothing is wrong.</param>
/// <param name="rule">What is wrong with it.</param>
public readonly ref struct VmcsViolation(ReadOnlySpan<byte> field, ReadOnlySpan<byte> rule)
{
    private readonly ReadOnlySpan<byte> _field = field;
    private readonly ReadOnlySpan<byte> _rule = rule;

    /// <summary>The field.</summary>
    public ReadOnlySpan<byte> Field => _field;

    /// <summary>What is wrong with it.</summary>
    public ReadOnlySpan<byte> Rule => _rule;

    /// <summary>Whether a rule is broken.</summary>
    public bool Exists => _field.Length != 0;
}
