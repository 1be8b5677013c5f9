using Hypervisor.Core.Cpu;
using Hypervisor.Core.Guest.TaskSwitch;

namespace Hypervisor.Core.Vmx;

/// <summary>Exit qualification of a task switch.</summary>
/// <remarks>Intel SDM vol 3 §27.2.1, table 27-2.</remarks>
/// <param name="value">The field.</param>
public readonly struct VmxTaskSwitchQualification(ulong value)
{
    private const int SourceShift = 30;
    private const ulong SourceMask = 3;

    /// <summary>The task-state segment to switch to.</summary>
    public SegmentSelector Selector => new((ushort)value);

    /// <summary>What asked for the switch.</summary>
    public TaskSwitchSource Source => (TaskSwitchSource)((value >> SourceShift) & SourceMask);
}
