namespace Hypervisor.Tool.Emulators;

/// <summary>What emulates, or virtualizes, a machine.</summary>
public enum EmulatorKind
{
    /// <summary>QEMU, which emulates AMD-V.</summary>
    Qemu,

    /// <summary>Bochs, which emulates Intel VT-x.</summary>
    Bochs,

    /// <summary>VMware Workstation, which hands on the host's own VT-x or AMD-V.</summary>
    Vmware,
}
