namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Registers of a port (AHCI 1.3.1 §3.3).</summary>
internal enum PortRegister
{
    CommandListBase = 0x00,
    CommandListBaseUpper = 0x04,
    FisBase = 0x08,
    FisBaseUpper = 0x0C,
    InterruptStatus = 0x10,
    InterruptEnable = 0x14,
    Command = 0x18,
    TaskFile = 0x20,
    Signature = 0x24,
    SataStatus = 0x28,
    SataControl = 0x2C,
    SataError = 0x30,
    SataActive = 0x34,
    CommandIssue = 0x38,
    SataNotification = 0x3C,
    FisSwitching = 0x40,
    DeviceSleep = 0x44,
}
