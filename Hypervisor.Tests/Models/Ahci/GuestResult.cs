namespace Hypervisor.Tests.Models.Ahci;

/// <summary>How a command has ended, as its guest sees it.</summary>
/// <param name="IsOver">It has ended within the steps there were for it.</param>
/// <param name="TaskFile">PxTFD.</param>
/// <param name="Count">PRDBC.</param>
internal readonly record struct GuestResult(bool IsOver, uint TaskFile, int Count)
{
    internal AtaStatus Status => (AtaStatus)(byte)TaskFile;

    internal AtaError Error => (AtaError)(byte)(TaskFile >> 8);

    internal bool IsGood => IsOver && (Status & (AtaStatus.Error | AtaStatus.Busy | AtaStatus.DataRequest)) == 0;

    internal bool IsRefused => IsOver && (Status & AtaStatus.Error) != 0;
}
