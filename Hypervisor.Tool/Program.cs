using System.CommandLine;
using Hypervisor.Tool.Commands;
using Hypervisor.Tool.Hosting;

try
{
    InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false };
    return HvRootCommand.Create(Workspace.Find()).Parse(args).Invoke(configuration);
}
catch (HvException failure)
{
    Terminal.Error(failure.Message);
    return ExitCodes.Failure;
}
