namespace Hypervisor.Devices.Acpi.Aml;

/// <summary>An operation that is being read.</summary>
public struct AmlFrame
{
    /// <summary>What it still has to read.</summary>
    internal AmlOperation Pending;

    /// <summary>Where it ends, or what holds it.</summary>
    internal int End;

    /// <summary>The scope its names are in.</summary>
    internal int Scope;

    /// <summary>In a method that is read for what it gives back: the scope of the object it stands for.</summary>
    internal int Holder;

    /// <summary>In such a method: the node of that object, where it has one.</summary>
    internal int Subject;

    /// <summary>In such a method: the object's name. 0 elsewhere.</summary>
    internal uint Result;

    /// <summary>Whether <see cref="End"/> is its own.</summary>
    internal bool HasLength;

    /// <summary>Whether it stands in If, Else or While.</summary>
    internal bool IsConditional;
}
